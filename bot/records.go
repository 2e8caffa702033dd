package bot

import "signpost/bot/store"

// What the command line prints of the store, under the names that it reads it by.
type (
	// AuditFilter chooses entries of the audit trail.
	AuditFilter = store.Filter
	// AuditRecord is one entry of the audit trail: who looked whom up, and what was read.
	AuditRecord = store.Entry
	// Erased is what was removed of a person, or would be.
	Erased = store.Erased
	// Reply is an answer of ours that is to be deleted in Slack.
	Reply = store.Reply
)
