package bot

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/slack-go/slack"

	"signpost/bot/jobs"
	"signpost/bot/store"
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

// purge empties old cases and deletes their answers, and after them what else we posted. What Slack cannot delete now is
// tried again the next night.
func purge(ctx context.Context, db *jobs.DB, out *Outlet, before time.Time) error {
	failed := purgeReplies(ctx, db.Store(), out, before)
	if rateLimited(failed) {
		return failed
	}
	_, err := deletePosts(ctx, db.Store(), out, before)
	return cmp.Or(failed, err, db.Store().ForgetCursors(ctx, before, onceCursors...))
}

// onceCursors begin the names of cursors that say of one case, incident or slot that something was done. They hold ids only.
var onceCursors = []string{"watch ", "escalate ", "guard ", "guard ", "storm answer ", "incident ", "report "}

// purgeReplies empties cases and deletes their answers.
func purgeReplies(ctx context.Context, st *store.Store, out *Outlet, before time.Time) error {
	for {
		replies, err := st.Purge(ctx, before)
		if err != nil || len(replies) == 0 {
			return err
		}
		if _, err := deleteReplies(ctx, st, out, replies); err != nil {
			return err
		}
	}
}

// DeleteErased deletes in Slack the answers of erased cases and what else we posted about them. done is how many are gone;
// what is left then is deleted by the retention, the next night.
func DeleteErased(ctx context.Context, st *store.Store, out *Outlet, replies []store.Reply) (done int, err error) {
	done, err = deleteReplies(ctx, st, out, replies)
	if rateLimited(err) {
		return done, err
	}
	posts, failed := deletePosts(ctx, st, out, time.Time{})
	return done + posts, cmp.Or(err, failed)
}

// deleteReplies deletes answers of cases, and goes on after one that Slack does not delete.
func deleteReplies(ctx context.Context, st *store.Store, out *Outlet, replies []store.Reply) (done int, failed error) {
	for _, r := range replies {
		if err := out.Delete(ctx, r.Channel, r.TS); err != nil && !gone(err) {
			failed = outcome("delete an old answer", err)
			if rateLimited(err) {
				return done, failed
			}
			continue
		}
		if err := unreact(ctx, st, out, r); rateLimited(err) {
			return done, outcome("take a reaction away", err)
		}
		if err := st.Purged(ctx, r.CaseID); err != nil {
			return done, err
		}
		done++
	}
	return done, failed
}

// deletePosts deletes hand-overs, incidents, reports and the replies under them that are from before a time, or tell of a
// case that is gone.
func deletePosts(ctx context.Context, st *store.Store, out *Outlet, before time.Time) (done int, failed error) {
	for after := int64(0); ; {
		posts, err := st.ExpiredPosts(ctx, before, after)
		if err != nil || len(posts) == 0 {
			return done, cmp.Or(err, failed)
		}
		for _, p := range posts {
			after = p.ID
			if err := out.Delete(ctx, p.Channel, p.TS); err != nil && !gone(err) {
				failed = outcome("delete an old post", err)
				if rateLimited(err) {
					return done, failed
				}
				continue
			}
			if err := st.ForgetPost(ctx, p.ID); err != nil {
				return done, err
			}
			done++
		}
	}
}

// rateLimited reports whether Slack asks to wait.
func rateLimited(err error) bool {
	var limit *slack.RateLimitedError
	return errors.As(err, &limit)
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
