package handlers

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/slack-go/slack"
)

// Details says what a thread may hold (DESIGN.md §7).
type Details string

// The three settings of a channel, most open first.
const (
	Full   Details = "full"   // runbook and diagnosis; private channels of one organisation only
	Agents Details = "agents" // runbook and what the message itself said; the diagnosis is shown privately
	None   Details = "none"   // runbook only, and no diagnosis for anybody
)

// Policy is who may see what, from the configuration.
type Policy struct {
	Channels  map[string]Details // by channel id; channels that are not listed are Agents
	Agents    []string           // Slack user groups (S…) and users (U…, W…)
	Protected []string           // sign-in names that no place may show
	Desks     []string           // channels that the operator named for agents: escalation and health posts
}

// IsProtected reports whether an account may not be shown. It is asked with every name that the account is known by.
func (p Policy) IsProtected(names ...string) bool {
	for _, n := range names {
		if n != "" && slices.ContainsFunc(p.Protected, func(x string) bool { return strings.EqualFold(x, n) }) {
			return true
		}
	}
	return false
}

// How long a look-up of Slack is believed: long enough for the edits of one answer, and no longer, because the events that
// say that a channel was shared or that somebody left a group can be late or lost.
const (
	sharingFor = 5 * time.Second
	memberFor  = time.Minute
)

// Gate answers who may see what by asking Slack. Whatever it cannot find out it refuses.
type Gate struct {
	slack   *slack.Client
	policy  Policy
	private *otter.Cache[string, bool]
	members *otter.Cache[string, []string]
	people  *otter.Cache[string, slack.User]
	// noLocale are people whose language Slack did not tell in time.
	noLocale *otter.Cache[string, bool]
}

// NewGate returns a gate for one workspace.
func NewGate(api *slack.Client, policy Policy) *Gate {
	return &Gate{
		slack: api, policy: policy,
		private: cache[bool](sharingFor), members: cache[[]string](memberFor), people: cache[slack.User](memberFor), noLocale: cache[bool](memberFor),
	}
}

func cache[V any](d time.Duration) *otter.Cache[string, V] {
	return otter.Must(&otter.Options[string, V]{MaximumSize: 10_000, ExpiryCalculator: otter.ExpiryWriting[string, V](d)})
}

// Details says what a thread in the channel may hold now: what is configured, except that full needs a private channel
// that no other organisation shares or is about to. A look-up that fails counts as shared.
// https://docs.slack.dev/reference/methods/conversations.info
func (g *Gate) Details(ctx context.Context, channel string) Details {
	d, ok := g.policy.Channels[channel]
	if !ok {
		return Agents
	}
	if d != Full {
		return d
	}
	// A look-up that Forget overtakes is thrown away and made again: it may have seen the channel before it was shared.
	private, err := g.private.Get(ctx, channel, otter.LoaderFunc[string, bool](g.isPrivate))
	if err != nil || !private {
		return Agents
	}
	return Full
}

// isPrivate reports whether a channel is a private one of our organisation alone. Direct messages are no such channels.
func (g *Gate) isPrivate(ctx context.Context, channel string) (bool, error) {
	c, err := g.slack.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: channel})
	if err != nil {
		return false, err
	}
	// is_shared alone does not tell with whom; with is_org_shared it is the workspaces of one organisation.
	shared := c.IsExtShared || c.IsPendingExtShared || len(c.PendingShared) > 0 || c.IsGlobalShared || c.IsShared && !c.IsOrgShared
	return c.IsPrivate && !c.IsIM && !c.IsMpIM && !shared, nil
}

// Forget drops what is known of a channel's sharing, after Slack said that it changed.
func (g *Gate) Forget(channel string) { g.private.Invalidate(channel) }

// ForgetPerson drops what is known of somebody, after Slack said that they changed.
func (g *Gate) ForgetPerson(id string) { g.people.Invalidate(id) }

// ForgetGroup drops who is in a user group, after Slack said that it changed.
func (g *Gate) ForgetGroup(id string) { g.members.Invalidate(id) }

// Reader is somebody who clicked or asked.
type Reader struct {
	ID     string
	Inside bool   // a full member of our own organisation: no guest, stranger or bot
	Email  string // "" where Slack does not tell
	Agent  bool
}

// Reader looks a person up. Guests, strangers, bots and people of other organisations are never agents.
// https://docs.slack.dev/reference/methods/users.info
func (g *Gate) Reader(ctx context.Context, id, team string) (Reader, error) {
	u, ok := g.people.GetIfPresent(id)
	if !ok {
		found, err := g.slack.GetUserInfoContext(ctx, id)
		if err != nil {
			return Reader{ID: id}, err
		}
		u = *found
		g.people.Set(id, u)
	}
	r := Reader{ID: id}
	guest := u.IsRestricted || u.IsUltraRestricted || u.IsStranger
	robot := u.IsBot || u.IsWorkflowBot || u.IsConnectorBot
	if guest || robot || u.Deleted || team != "" && u.TeamID != "" && u.TeamID != team {
		return r, nil
	}
	r.Inside, r.Email = true, u.Profile.Email
	r.Agent = g.isAgent(ctx, id)
	return r, nil
}

// isAgent checks the configured users and groups. A group that cannot be read has no members.
// https://docs.slack.dev/reference/methods/usergroups.users.list
func (g *Gate) isAgent(ctx context.Context, id string) bool {
	for _, a := range g.policy.Agents {
		if a == id {
			return true
		}
		if !strings.HasPrefix(a, "S") {
			continue
		}
		members, ok := g.members.GetIfPresent(a)
		if !ok {
			var err error
			if members, err = g.slack.GetUserGroupMembersContext(ctx, a); err != nil {
				continue
			}
			g.members.Set(a, members)
		}
		if slices.Contains(members, id) {
			return true
		}
	}
	return false
}

// Email is the mail address of somebody of our own organisation, "" where it cannot be told. It names an account only as
// an assumption: a Slack address need not be a sign-in name.
func (g *Gate) Email(ctx context.Context, user, team string) string {
	if user == "" {
		return ""
	}
	r, err := g.Reader(ctx, user, team)
	if err != nil {
		return ""
	}
	return r.Email
}
