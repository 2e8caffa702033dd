package slackfake

import (
	"math"
	"time"
)

// Limits of messages and views. Where no other source is named, the page is https://docs.slack.dev/reference/block-kit and the page of the
// block or element below it.
const (
	MaxMessageBlocks = 50  // https://docs.slack.dev/reference/block-kit/blocks
	MaxViewBlocks    = 100 // modals and Home tabs
	MaxAttachments   = 100 // https://docs.slack.dev/reference/methods/chat.postMessage

	MaxText       = 40000 // longer text is cut: https://docs.slack.dev/changelog/2018-truncating-really-long-messages
	MaxUpdateText = 4000  // msg_too_long: https://docs.slack.dev/reference/methods/chat.update
	// MaxBlocksText is the sum of all text in a message's blocks, above which posts fail with msg_blocks_too_long. It is not documented; one
	// report puts it there: https://github.com/slackapi/bolt-js/issues/2509
	MaxBlocksText   = 13200
	MaxMarkdown     = 12000 // all markdown blocks of a payload together; also markdown_text
	MaxMetadataSize = 8000  // bytes; the fake's guess, Slack only says that there is a limit (metadata_too_large)

	MaxID           = 255 // block_id, action_id, callback_id, external_id
	MaxSectionText  = 3000
	MaxFields       = 10
	MaxFieldText    = 2000
	MaxHeaderText   = 150
	MaxContext      = 10
	MaxActions      = 25
	MaxContextActs  = 5
	MaxButtonText   = 75
	MaxButtonValue  = 2000
	MaxURL          = 3000
	MaxAccessLabel  = 75
	MaxAltText      = 2000
	MaxImageTitle   = 2000
	MaxPlaceholder  = 150
	MaxOptions      = 100
	MaxOptionGroups = 100
	MaxChoices      = 10 // radio buttons, checkboxes
	MinOverflow     = 2  // from memory
	MaxOverflow     = 5
	MaxOptionText   = 75
	MaxOptionValue  = 150
	MaxInputLabel   = 2000
	MaxConfirmTitle = 100
	MaxConfirmText  = 300
	MaxConfirmLabel = 30

	MaxTableRows   = 100
	MaxTableCols   = 20
	MaxTableText   = 10000 // all cells of a message
	MaxCardTitle   = 150
	MaxCardBody    = 200
	MaxCardActions = 3
	MaxCarousel    = 10
	MaxContainer   = 10
	MaxAlertText   = 200
	MaxPlanTasks   = 50
	MaxCharts      = 2

	MaxViewTitle    = 24         // title, submit and close: https://docs.slack.dev/reference/views/modal-views
	MaxViewMetadata = 3000       // private_metadata
	MaxViewSize     = 250 * 1024 // view_too_large: https://docs.slack.dev/reference/methods/views.open
	MaxViewStack    = 3          // push_limit_reached: https://docs.slack.dev/surfaces/modals

	MaxLoadingMessages = 10                   // https://docs.slack.dev/reference/methods/assistant.threads.setStatus
	StatusTimeout      = 2 * time.Minute      // a status that no answer cleared
	ScheduleAhead      = 120 * 24 * time.Hour // https://docs.slack.dev/reference/methods/chat.scheduleMessage
	ScheduleWindow     = 5 * time.Minute
	MaxScheduled       = 30 // per channel in a window
)

// Deadlines and sizes of delivery.
const (
	// AckTimeout is how long Slack waits for an ack before it tries again or tells the person operation_timeout.
	// https://docs.slack.dev/apis/events-api
	AckTimeout = 3 * time.Second
	// TriggerTimeout is the life of a trigger_id. https://docs.slack.dev/interactivity/handling-user-interaction
	TriggerTimeout = 3 * time.Second
	// HookTimeout and HookUses bound a response_url. Same page.
	HookTimeout = 30 * time.Minute
	HookUses    = 5
	// MaxConnections of Socket Mode. https://docs.slack.dev/apis/events-api/using-socket-mode
	MaxConnections = 10
	// MaxAckSize is where Socket Mode answers begin to vanish. The number is slack-go's measurement (socketmode/socketmode.go).
	MaxAckSize = 20 * 1024
	// EventLife is how late an event may still come: the last retry is made about six minutes after the event.
	EventLife = 6*time.Minute + 10*time.Second
)

// retryAfter says how long after attempt n (0, 1, 2) the next one is made when nobody acked. https://docs.slack.dev/apis/events-api
var retryAfter = [...]time.Duration{AckTimeout, time.Minute, 5 * time.Minute}

// Rate tiers, requests a minute per method. https://docs.slack.dev/apis/web-api/rate-limits
const (
	tierNone = 0
	tier1    = 1
	tier2    = 20
	tier3    = 50
	tier4    = 100
	// tierStatus is the special limit of https://docs.slack.dev/reference/methods/assistant.threads.setStatus
	tierStatus = 600

	// postsPerMinute is the fake's reading of "several hundred messages per minute" for a workspace.
	postsPerMinute = 300
	// postBurst is how many posts to one channel pass at once before one a second holds; the documents only call it generous.
	postBurst = 4
)

// limited tells how long the caller has to wait, 0 when the request may pass. The window slides over the last minute.
func (s *Server) limited(key string, perMinute int, now time.Time) time.Duration {
	return s.window(key, perMinute, time.Minute, now)
}

func (s *Server) window(key string, n int, width time.Duration, now time.Time) time.Duration {
	seen := s.limits[key]
	for len(seen) > 0 && now.Sub(seen[0]) >= width {
		seen = seen[1:]
	}
	if len(seen) >= n {
		s.limits[key] = seen
		return width - now.Sub(seen[0])
	}
	s.limits[key] = append(seen, now)
	return 0
}

// overLimit checks a method's tier and the special limits of posting.
func (s *Server) overLimit(m *method, q *request, now time.Time) time.Duration {
	if s.opts.NoRateLimits {
		return 0
	}
	if q.method == "chat.postMessage" {
		if wait := s.spend(q.str("channel"), now); wait > 0 {
			return wait
		}
		return s.limited("post", postsPerMinute, now)
	}
	if m.tier == tierNone {
		return 0
	}
	return s.limited(q.method, m.tier, now)
}

// spend takes one from a channel's bucket of postBurst posts, which fills by one a second.
func (s *Server) spend(channel string, now time.Time) time.Duration {
	full := s.buckets[channel] // when the bucket will be full again
	if full.Before(now) {
		full = now
	}
	full = full.Add(time.Second)
	if wait := full.Sub(now) - postBurst*time.Second; wait > 0 {
		return wait
	}
	s.buckets[channel] = full
	return 0
}

// seconds rounds a wait up, as Retry-After has whole seconds.
func seconds(d time.Duration) int { return max(1, int(math.Ceil(d.Seconds()))) }
