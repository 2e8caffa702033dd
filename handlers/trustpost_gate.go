package handlers

import (
	"context"

	"github.com/maypok86/otter/v2"
)

// Private reports whether a channel is now a private one of our organisation alone, whatever is configured for it. A look-up that
// fails counts as shared.
func (g *Gate) Private(ctx context.Context, channel string) bool {
	private, err := g.private.Get(ctx, channel, otter.LoaderFunc[string, bool](g.isPrivate))
	return err == nil && private
}
