// Package handlers is what Signpost says and to whom: it draws a diagnosis as a Slack message, as terminal text and as
// JSON, and decides what a place and a reader may see.
//
// It holds no durable state and posts nothing by itself: bot receives the events, keeps the cases and sends what is drawn
// here. It reaches the tenant through one small interface of its own, [Directory], and never imports graph.
package handlers

import (
	"context"

	"signpost/graph/facts"
)

// Directory reads the tenant. graph.Tenant is one; a nil Directory means that there is no tenant to ask.
type Directory interface {
	// Collect reads what the query asks for. It never fails: what could not be read is a fact's state.
	Collect(ctx context.Context, q facts.Query) facts.Report
}
