package bot

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"signpost/bot/jobs"
	"signpost/bot/store"
	"signpost/handlers"
	"signpost/runbooks/aadsts"
)

// When several people with the same error are a storm, and when it is over.
const (
	stormPeople = 3
	stormWithin = 10 * time.Minute
	stormQuiet  = 30 * time.Minute
)

// stormType marks the posts of storms, as metadataType does answers.
const stormType = "signpost_incident"

// Storms notices that several people have the same error with something in common, and tells the escalation channel once.
type Storms struct {
	Store  *store.Store
	Thread *Thread
	Gate   *handlers.Gate
	Desk   *handlers.Desk
	// Federation is looked at once where a storm may come from it; nil: never.
	Federation *Federation
	// Channel is where storms are told, "" for no storms at all.
	Channel string
	// Later queues that an incident's post is brought up to date, at most once in some seconds.
	Later func(ctx context.Context, incident int64) error
	Log   *slog.Logger
	Now   func() time.Time
}

// keysOf is what errors name beside their codes, for a case to be recognised by.
func keysOf(errs []aadsts.Error) []store.Key {
	var keys []store.Key
	add := func(kind, value string) {
		if k := (store.Key{Kind: kind, Value: strings.ToLower(strings.TrimSpace(value))}); k.Value != "" && !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	for _, e := range errs {
		for _, id := range e.PolicyIDs {
			add(store.KeyPolicy, id)
		}
		add(store.KeyApp, e.AppID)
		if _, domain, ok := strings.Cut(e.User, "@"); ok {
			add(store.KeyDomain, domain)
		}
	}
	return keys
}

// specific are the kinds of keys, the one that says most first.
var specific = []string{store.KeyPolicy, store.KeyApp, store.KeyDomain}

// bySpecific puts the keys that say most first.
func bySpecific(keys []store.Key) []store.Key {
	keys = slices.Clone(keys)
	slices.SortStableFunc(keys, func(a, b store.Key) int {
		return slices.Index(specific, a.Kind) - slices.Index(specific, b.Kind)
	})
	return keys
}

// Join counts a case into the storm that it belongs to, and opens one where this case makes it a storm. in is false where
// there is none. It may be called again for the same case.
func (s *Storms) Join(ctx context.Context, c store.Case) (i store.Incident, in bool, err error) {
	if s == nil || s.Channel == "" || c.Primary == 0 || c.Team == "" {
		return i, false, nil
	}
	keys := bySpecific(c.Keys)
	for _, k := range keys {
		i, err := s.Store.ActiveIncident(ctx, c.Team, c.Primary, []store.Key{k})
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return i, false, err
		}
		if c.Incident != 0 && c.Incident != i.ID {
			continue // it belongs to another one, that shares something else
		}
		if i, err = s.Store.CountInto(ctx, i.ID, c.ID); err != nil {
			return i, false, err
		}
		if i.Ended.IsZero() {
			return i, true, s.Later(ctx, i.ID)
		}
	}
	if c.Incident != 0 || s.Now().Sub(c.Created) > stormWithin {
		return i, false, nil
	}
	for _, k := range keys {
		if i, in, err = s.open(ctx, c, k); in || err != nil {
			return i, in, err
		}
	}
	return i, false, nil
}

// open opens the storm of one key, if enough people have it.
func (s *Storms) open(ctx context.Context, c store.Case, k store.Key) (i store.Incident, in bool, err error) {
	cases, _, err := s.Store.Alike(ctx, c.Team, c.Primary, k, c.Created.Add(-stormWithin))
	if err != nil {
		return i, false, err
	}
	cases = slices.DeleteFunc(cases, func(x store.Case) bool { return x.Incident != 0 }) // counted elsewhere
	if store.People(cases) < stormPeople {
		return i, false, nil
	}
	started := c.Created
	var ids []int64
	for _, x := range cases {
		ids = append(ids, x.ID)
		if x.Created.Before(started) {
			started = x.Created
		}
	}
	i, _, err = s.Store.OpenIncident(ctx, store.Incident{
		Team: c.Team, Code: c.Primary, Kind: k.Kind, Value: k.Value, Channel: s.Channel, OnceKey: rand.Text(), Started: started, Last: c.Created,
	})
	if err != nil {
		return i, false, err
	}
	if i, err = s.Store.CountInto(ctx, i.ID, ids...); err != nil || !i.Ended.IsZero() {
		return i, false, err
	}
	s.Log.Info("several people have the same error", "incident", i.ID, "code", i.Code, "shared", i.Kind, "people", i.People)
	return i, true, s.Later(ctx, i.ID)
}

// errTelling puts an answer off for the moment in which another process posts the storm.
var errTelling = errors.New("another process posts the incident")

// Link is the address of a storm's post, which it posts first where it is not there. told is false where it cannot be
// posted, and then nobody may be told that it was.
func (s *Storms) Link(ctx context.Context, i store.Incident) (link string, told bool, err error) {
	if i.TS == "" {
		held, err := s.hold(ctx, i.ID, func(ctx context.Context) error { return s.tell(ctx, i.ID) })
		if err != nil {
			s.Log.Error("post an incident", "incident", i.ID, "error", err)
			return "", false, nil
		}
		if i, err = s.Store.Incident(ctx, i.ID); err != nil {
			return "", false, err
		}
		switch {
		case i.TS == "" && !held:
			return "", false, jobs.RetryAfter(time.Second, errTelling)
		case i.TS == "":
			return "", false, nil
		}
	}
	link, err = s.Thread.Slack.GetPermalinkContext(ctx, &slack.PermalinkParameters{Channel: i.Channel, Ts: i.TS})
	if err != nil { // the answer says the same without a link
		s.Log.Warn("link to an incident", "incident", i.ID, "error", err)
		return "", true, nil
	}
	return link, true, nil
}

// How long the work on a storm's post may take, and for how long others keep off it: a little longer.
const (
	tellFor = 12 * time.Second
	holdFor = 15 * time.Second
)

// hold runs do while no other process works on the incident's post. held is false where another does.
func (s *Storms) hold(ctx context.Context, incident int64, do func(context.Context) error) (held bool, err error) {
	name := fmt.Sprintf("incident %d", incident)
	old, err := s.Store.Cursor(ctx, name)
	if err != nil {
		return false, err
	}
	until, _, _ := strings.Cut(old, " ")
	if ms, err := strconv.ParseInt(until, 10, 64); err == nil && s.Now().UnixMilli() < ms {
		return false, nil
	}
	mine := fmt.Sprintf("%d %s", s.Now().Add(holdFor).UnixMilli(), rand.Text())
	if held, err = s.Store.MoveCursor(ctx, name, old, mine); err != nil || !held {
		return false, err
	}
	working, cancel := context.WithTimeout(ctx, tellFor)
	defer cancel()
	err = do(working)
	if _, free := s.Store.MoveCursor(context.WithoutCancel(ctx), name, mine, "0 free"); free != nil {
		s.Log.Warn("give an incident back", "incident", incident, "error", free)
	}
	return true, err
}

// Update brings the post of an incident up to date, and looks at the federation once where it can matter. It is the work of
// a job and may be repeated.
func (s *Storms) Update(ctx context.Context, incident int64) error {
	i, err := s.Store.Incident(ctx, incident)
	if errors.Is(err, store.ErrNotFound) || err == nil && !i.Ended.IsZero() {
		return nil
	}
	if err != nil {
		return err
	}
	held, err := s.hold(ctx, incident, func(ctx context.Context) error { return s.tell(ctx, incident) })
	if err != nil {
		return err
	}
	if !held {
		return jobs.RetryAfter(time.Second, errTelling)
	}
	return s.check(ctx, incident)
}

// Tick ends the storms that are quiet, and finds what a crash left undone. It runs every five minutes on one replica.
func (s *Storms) Tick(ctx context.Context, _ time.Time) error {
	all, err := s.Store.UnclosedIncidents(ctx)
	if err != nil {
		return err
	}
	var failed error
	for _, i := range all {
		switch {
		case !i.Ended.IsZero() || s.Now().Sub(i.Last) >= stormQuiet:
			var held bool
			if held, err = s.hold(ctx, i.ID, func(ctx context.Context) error { return s.end(ctx, i.ID) }); err == nil && !held {
				err = jobs.RetryAfter(time.Second, errTelling)
			}
		case i.TS == "" || i.Told != i.People:
			err = s.Update(ctx, i.ID)
		default:
			err = s.check(ctx, i.ID)
		}
		if err != nil && failed == nil { // the others are looked at all the same
			failed = err
		}
	}
	return failed
}

// Periodic is the schedule of Tick; ok is false where storms are not told.
func (s *Storms) Periodic() (p jobs.Periodic, ok bool) {
	return jobs.Periodic{Name: "storms", Schedule: "*/5 * * * *", Timeout: 5 * time.Minute, Do: s.Tick}, s.Channel != ""
}
