package bot

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"signpost/bot/jobs"
	"signpost/bot/store"
	"signpost/handlers"
	"signpost/runbooks"
)

// Reports tells the identity team what was asked and what helped: on demand, and on a schedule.
type Reports struct {
	Store  *store.Store
	Thread *Thread
	Gate   *handlers.Gate
	Book   *runbooks.Book
	Config ReportConfig
	Kept   int // days that cases are kept
	// Send answers whoever asked for a report.
	Send func(ctx context.Context, q ask, m handlers.Message) error
	Log  *slog.Logger
	Now  func() time.Time
}

// reportType marks the posts of reports, as metadataType does answers.
const reportType = "signpost_report"

// The days that a report covers unless somebody says otherwise, and the most that it can.
const (
	reportDays    = 7
	reportMostDay = 366
)

// maxFigures bounds the lists that are read for a report: it has to know every code to say which needs a runbook.
const maxFigures = 500

// ReadFigures counts the cases of [from, to).
func ReadFigures(ctx context.Context, s *store.Store, book *runbooks.Book, from, to time.Time, kept int) (handlers.Figures, error) {
	f, err := s.Figures(ctx, from, to, maxFigures)
	if err != nil {
		return handlers.Figures{}, err
	}
	out := handlers.Figures{
		From: from, To: to, Kept: kept, Cases: f.Cases, People: f.People, Answered: f.Answered, Alone: f.SolvedAlone, ByPeople: f.SolvedByPeople,
		HandedOver: f.HandedOver, Open: f.Open, FirstAnswer: f.FirstAnswer,
	}
	for _, c := range f.Codes {
		out.Codes = append(out.Codes, handlers.CodeFigure(c))
	}
	names, err := appNames(ctx, s, f, from)
	if err != nil {
		return handlers.Figures{}, err
	}
	for _, k := range f.Apps {
		out.Apps = append(out.Apps, handlers.KeyFigure{ID: k.Value, Name: names[k.Value], Cases: k.Cases})
	}
	for _, k := range f.Policies {
		out.Policies = append(out.Policies, handlers.KeyFigure{ID: k.Value, Cases: k.Cases})
	}
	for _, x := range f.Fixes {
		out.Fixes = append(out.Fixes, handlers.FixFigure{Code: x.Code, Says: handlers.FixSays(book.Lookup(x.Code), x.Cause, x.Words), Cases: x.Cases})
	}
	for _, x := range f.Feedback {
		out.Feedback = append(out.Feedback, handlers.FeedbackFigure(x))
	}
	return out, nil
}

// namedCodes is how many of the most frequent codes are searched for the names of apps.
const namedCodes = 5

// appNames are the names that messages gave to apps, by app id.
func appNames(ctx context.Context, s *store.Store, f store.Figures, since time.Time) (map[string]string, error) {
	names := map[string]string{}
	if len(f.Apps) == 0 {
		return names, nil
	}
	for _, c := range f.Codes[:min(len(f.Codes), namedCodes)] {
		cases, err := s.RecentCases(ctx, c.Code, since)
		if err != nil {
			return nil, err
		}
		for _, x := range cases {
			errs, err := recall(x.Errors)
			if err != nil {
				continue
			}
			for _, e := range errs {
				if id := strings.ToLower(e.AppID); id != "" && e.AppName != "" && names[id] == "" {
					names[id] = e.AppName
				}
			}
		}
	}
	return names, nil
}

// Command answers /aadsts report [days], for agents.
func (r *Reports) Command(ctx context.Context, q ask) error {
	say := func(m handlers.Message) error { return r.Send(ctx, q, m) }
	who, err := r.Gate.Reader(ctx, q.User, q.Team)
	if err != nil || !who.Inside || !who.Agent {
		return say(handlers.Message{Text: "Only agents can ask for the report."})
	}
	days, ok := daysAsked(q.Text)
	if !ok {
		return say(handlers.Message{Text: fmt.Sprintf("Ask like this: `/aadsts report` for the last %d days, or `/aadsts report 30` for another number of days, at most %d.", reportDays, reportMostDay)})
	}
	m, err := r.compose(ctx, r.Now().AddDate(0, 0, -days), r.Now())
	if err != nil {
		r.Log.Error("make a report", "error", err)
		return say(handlers.Message{Text: "The report could not be made: Signpost's own database does not answer. Try again in a minute."})
	}
	return say(m)
}

// reportWord is how a question for the report begins.
var reportWord = regexp.MustCompile(`(?i)^report(\s|$)`)

// daysAsked reads the number of days from "report 30" or "report 30 days".
func daysAsked(text string) (int, bool) {
	words := strings.Fields(text)
	if len(words) > 0 && strings.EqualFold(words[0], "report") {
		words = words[1:]
	}
	if len(words) == 2 && (strings.EqualFold(words[1], "days") || strings.EqualFold(words[1], "day")) {
		words = words[:1]
	}
	switch len(words) {
	case 0:
		return reportDays, true
	case 1:
		n, err := strconv.Atoi(words[0])
		return n, err == nil && n >= 1 && n <= reportMostDay
	}
	return 0, false
}

func (r *Reports) compose(ctx context.Context, from, to time.Time) (handlers.Message, error) {
	f, err := ReadFigures(ctx, r.Store, r.Book, from, to, r.Kept)
	if err != nil {
		return handlers.Message{}, err
	}
	return handlers.ComposeReport(f, r.Book).Draw(nil), nil
}

// Periodic is the schedule of the reports; ok is false where none is configured.
func (r *Reports) Periodic() (p jobs.Periodic, ok bool) {
	if r.Config.Schedule == "" {
		return jobs.Periodic{}, false
	}
	return jobs.Periodic{Name: "report", Schedule: r.Config.Schedule, Timezone: r.Config.Timezone, Timeout: 2 * time.Minute, Do: r.Post}, true
}

// Post makes the report of one slot: of the days since the slot before. It may be called again at any point of an earlier
// call and leaves one post for a slot.
func (r *Reports) Post(ctx context.Context, slot time.Time) error {
	name := fmt.Sprintf("report %d", slot.Unix())
	state, err := r.Store.Cursor(ctx, name)
	if err != nil || state == "posted" {
		return err
	}
	from, err := r.since(slot)
	if err != nil {
		return jobs.Stop(err)
	}
	ts := ""
	if state == "posting" { // an earlier try may have posted it
		if ts, err = r.Thread.inChannel(ctx, r.Config.Channel, reportType, name, slot); err != nil {
			return outcome("look for an earlier report", err)
		}
	} else if err := r.Store.SetCursor(ctx, name, "posting"); err != nil {
		return err
	}
	if ts == "" {
		m, err := r.compose(ctx, from, slot)
		if err != nil {
			return err
		}
		ts, _, err = r.Thread.Out.Post(ctx, Place{Channel: r.Config.Channel}, m, mark(reportType, name))
		if err != nil {
			return outcome("post a report", err)
		}
	}
	if err := r.Store.KeepPost(ctx, store.Post{Channel: r.Config.Channel, TS: ts}); err != nil {
		return err
	}
	return r.Store.SetCursor(ctx, name, "posted")
}

// since is where the report of a slot begins: at the slot before it.
func (r *Reports) since(slot time.Time) (time.Time, error) {
	schedule, err := cron.ParseStandard(r.Config.Schedule)
	if err != nil {
		return time.Time{}, fmt.Errorf("read report.schedule: %w", err)
	}
	for _, back := range []int{1, 8, 32, reportMostDay} { // the schedule only tells what comes next
		var before time.Time
		for t := schedule.Next(slot.AddDate(0, 0, -back).Add(-time.Second)); t.Before(slot) && !t.IsZero(); t = schedule.Next(t) {
			before = t
		}
		if !before.IsZero() {
			return before, nil
		}
	}
	return slot.AddDate(0, 0, -reportMostDay), nil
}
