package bot

import (
	"context"
	"errors"
	"time"

	"github.com/slack-go/slack"

	"signpost/bot/jobs"
)

// retention removes, every night, what is older than the configuration allows: cases, audit entries, and our answers in
// Slack.
func retention(db *jobs.DB, out *Outlet, s Settings) jobs.Periodic {
	return jobs.Periodic{
		Name: "retention", Schedule: "30 3 * * *", Timezone: s.Config.Federation.Timezone, Timeout: 20 * time.Minute,
		Do: func(ctx context.Context, _ time.Time) error {
			before := s.Now().AddDate(0, 0, -s.Config.RetentionDays)
			return purge(ctx, db, out, before)
		},
	}
}

// purge empties old cases and deletes their answers. An answer that Slack cannot delete now is tried again the next night.
func purge(ctx context.Context, db *jobs.DB, out *Outlet, before time.Time) error {
	for {
		replies, err := db.Store().Purge(ctx, before)
		if err != nil || len(replies) == 0 {
			return err
		}
		var failed error
		for _, r := range replies {
			err := out.Delete(ctx, r.Channel, r.TS)
			if err != nil && !gone(err) {
				failed = outcome("delete an old answer", err)
				var limited *slack.RateLimitedError
				if errors.As(err, &limited) {
					return failed
				}
				continue
			}
			if err := db.Store().Purged(ctx, r.CaseID); err != nil {
				return err
			}
		}
		if failed != nil {
			return failed
		}
	}
}

// gone reports whether there is nothing left that could be deleted.
func gone(err error) bool {
	var answered slack.SlackErrorResponse
	if !errors.As(err, &answered) {
		return false
	}
	switch answered.Err {
	case "message_not_found", "channel_not_found", "is_archived", "not_in_channel":
		return true
	}
	return false
}
