package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"

	"signpost/bot"
	"signpost/bot/jobs"
	"signpost/handlers"
)

type eraseCmd struct {
	Who      []string `arg:"" name:"person" help:"The person: sign-in name (bob@contoso.com), Slack user id (U0BOB), or best both."`
	Yes      bool     `help:"Really remove it. Without this, only what would be removed is told."`
	Database string   `help:"sqlite:PATH or postgres://USER@HOST/NAME." env:"SIGNPOST_DATABASE_URL" default:"sqlite:signpost.db" placeholder:"URL"`
	SlackAPI string   `help:"Address of Slack's Web API." env:"SLACK_API_URL" default:"https://slack.com/api/" placeholder:"URL" name:"slack-api-url"`
}

// person is a sign-in name or a Slack user id; anything else is a slip that would erase nobody.
var person = regexp.MustCompile(`^([^\s@]+@[^\s@]+|[UWuw][0-9A-Za-z]{2,})$`)

// Run erases a person, or tells what that would do. All names are taken to be of one person.
func (e eraseCmd) Run(ctx context.Context, c console) error {
	for _, who := range e.Who {
		if !person.MatchString(who) {
			return misused("%q is neither a sign-in name (bob@contoso.com) nor a Slack user id (U0BOB)", who)
		}
	}
	if err := bot.CheckSlackURL(e.SlackAPI); err != nil {
		return usageError{err}
	}
	token, err := secret("SLACK_BOT_TOKEN")
	if err != nil {
		return err
	}
	db, err := openBeside(ctx, e.Database)
	if err != nil {
		return err
	}
	defer db.Close()
	if !e.Yes {
		found, err := db.Store().WouldErase(ctx, e.Who...)
		if err != nil {
			return err
		}
		if e.tell(c.out, "Would remove", found) {
			fmt.Fprintln(c.out, "Nothing was removed. To remove it, say the same again with --yes.")
		}
		return nil
	}
	done, err := db.Store().Erase(ctx, e.Who...)
	if err != nil {
		return err
	}
	e.tell(c.out, "Removed", done)
	if token == "" {
		if n := len(done.Replies); n > 0 {
			fmt.Fprintf(c.out, "SLACK_BOT_TOKEN is not set, so %s in Slack could not be deleted. The running bot deletes them tonight.\n", count(n, "answer", "answers"))
		}
		return nil
	}
	return e.delete(ctx, c, db, token, done.Replies)
}

// delete deletes the answers in Slack. What Slack does not delete now is left to the nightly purge.
func (e eraseCmd) delete(ctx context.Context, c console, db *jobs.DB, token string, replies []bot.Reply) error {
	address := e.SlackAPI
	if !strings.HasSuffix(address, "/") {
		address += "/"
	}
	api := bot.NewSlack(token, "", address, nil)
	out := bot.NewOutlet(api, handlers.NewGate(api, handlers.Policy{}), newLogger(c, slog.LevelWarn))
	deleted, err := bot.DeleteErased(ctx, db.Store(), out, replies)
	fmt.Fprintf(c.out, "Deleted in Slack: %s.\n", count(deleted, "message", "messages"))
	if err != nil {
		return fmt.Errorf("not all messages in Slack could be deleted, the running bot tries again tonight: %w", err)
	}
	return nil
}

// tell says what was found; false where there is nothing.
func (e eraseCmd) tell(out io.Writer, what string, x bot.Erased) bool {
	who := strings.Join(e.Who, ", ")
	if x.Cases == 0 && x.Audit == 0 && x.Feedback == 0 && len(x.Replies) == 0 {
		fmt.Fprintf(out, "Nothing is kept of %s.\n", who)
		return false
	}
	fmt.Fprintf(out, "%s of %s: %s with %s in Slack, %s.\n", what, who, count(x.Cases, "case", "cases"), count(len(x.Replies), "answer", "answers"),
		count(x.Feedback, "judgement of an answer", "judgements of answers"))
	if x.Audit > 0 {
		fmt.Fprintf(out, "%s about the person: the name goes, and who looked stays.\n", count(x.Audit, "audit entry", "audit entries"))
	}
	return true
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
