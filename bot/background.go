package bot

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"
)

// Background runs what somebody waits for in Slack but nobody misses after a crash: they press the button again. It
// bounds how much runs at a time, recovers panics, and waits for the rest when the process stops.
type Background struct {
	log   *slog.Logger
	ctx   context.Context
	slots chan struct{}
	wait  sync.WaitGroup
}

// How much runs in the background at a time, and for how long one may.
const (
	backgroundSlots = 16
	backgroundFor   = 45 * time.Second
)

// NewBackground returns a background that ends with ctx.
func NewBackground(ctx context.Context, log *slog.Logger) *Background {
	return &Background{log: log, ctx: ctx, slots: make(chan struct{}, backgroundSlots)}
}

// Go runs do soon. It never blocks, so that Slack gets its acknowledgement in time.
func (b *Background) Go(what string, do func(context.Context) error) {
	b.wait.Go(func() {
		select {
		case b.slots <- struct{}{}:
			defer func() { <-b.slots }()
		case <-b.ctx.Done():
			return
		}
		ctx, cancel := context.WithTimeout(b.ctx, backgroundFor)
		defer cancel()
		if err := b.safely(ctx, do); err != nil && b.ctx.Err() == nil {
			b.log.Error(what, "error", err)
		}
	})
}

func (b *Background) safely(ctx context.Context, do func(context.Context) error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			// The value may hold what was being worked on, so only its type is logged.
			b.log.Error("panic in the background", "type", fmt.Sprintf("%T", r), "stack", string(debug.Stack()))
		}
	}()
	return do(ctx)
}

// Wait returns once everything that was started has ended.
func (b *Background) Wait() { b.wait.Wait() }
