package bot

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/slack-go/slack"
)

// Finding is one line of the doctor's report on Slack.
type Finding struct {
	Name  string
	Works bool
	Says  string
	Costs string // what is lost without it
}

// CheckSlack tries the tokens, the scopes and the configured channels. https://docs.slack.dev/reference/methods/auth.test
func CheckSlack(ctx context.Context, s Settings) []Finding {
	if s.BotToken == "" {
		all := []Finding{{"SLACK_BOT_TOKEN", false, "not set; copy it from OAuth & Permissions of the Slack app, it starts with xoxb-", "the bot does not start"}}
		if s.AppToken == "" && s.SigningSecret == "" {
			all = append(all, s.delivery(ctx, nil))
		}
		return append(all, unchecked("without a bot token")...)
	}
	var granted []string
	api := NewSlack(s.BotToken, s.AppToken, s.SlackAPIURL, nil)
	slack.OptionOnResponseHeaders(func(_ string, h http.Header) {
		if x := h.Get("X-OAuth-Scopes"); x != "" {
			granted = strings.FieldsFunc(x, func(r rune) bool { return r == ',' || r == ' ' })
		}
	})(api)
	who, err := api.AuthTestContext(ctx)
	if err != nil {
		return append([]Finding{{"SLACK_BOT_TOKEN", false, s.slackSays("it", err), "the bot does not start"}}, unchecked("as Slack did not let us in")...)
	}
	all := []Finding{{"SLACK_BOT_TOKEN", true, fmt.Sprintf("workspace %s as @%s", who.Team, who.User), ""}, s.delivery(ctx, api)}
	for _, scope := range scopes {
		f := Finding{Name: "scope " + scope.name, Works: slices.Contains(granted, scope.name), Costs: "Signpost cannot " + scope.why}
		switch {
		case granted == nil:
			f.Says = "Slack does not say which scopes the token has"
		case !f.Works:
			f.Says = "not granted; add it to the app and install it again"
		default:
			f.Costs = ""
		}
		all = append(all, f)
	}
	for _, ch := range s.Config.Slack.Channels {
		all = append(all, checkChannel(ctx, api, ch))
	}
	return all
}

// unchecked lists the scopes that could not be looked at.
func unchecked(why string) []Finding {
	var all []Finding
	for _, scope := range scopes {
		all = append(all, Finding{"scope " + scope.name, false, "could not be checked " + why, "Signpost cannot " + scope.why})
	}
	return all
}

// delivery says how events will reach us. https://docs.slack.dev/reference/methods/apps.connections.open
func (s Settings) delivery(ctx context.Context, api *slack.Client) Finding {
	switch {
	case s.AppToken != "":
		if _, _, err := api.StartSocketModeContext(ctx); err != nil {
			return Finding{"SLACK_APP_TOKEN", false, "Slack refuses it: " + oneWord(err), "no event arrives"}
		}
		return Finding{"SLACK_APP_TOKEN", true, "Socket Mode", ""}
	case s.SigningSecret != "":
		return Finding{"SLACK_SIGNING_SECRET", true, "HTTP delivery; Slack has to reach this bot", ""}
	}
	return Finding{"SLACK_APP_TOKEN", false, "neither SLACK_APP_TOKEN (Socket Mode) nor SLACK_SIGNING_SECRET (HTTP) is set", "no event arrives"}
}

// oneWord keeps Slack's own word for an error, and nothing of an address that a network error would hold.
func oneWord(err error) string {
	word := err.Error()
	if strings.ContainsAny(word, " /") {
		return "the connection failed"
	}
	return word
}

func checkChannel(ctx context.Context, api *slack.Client, ch ChannelConfig) Finding {
	f := Finding{Name: "channel " + ch.ID, Costs: "errors there are not answered"}
	info, err := api.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: ch.ID})
	switch {
	case err != nil:
		f.Says = oneWord(err)
	case !info.IsMember:
		f.Says = "the bot is not a member; write /invite @signpost there"
	case ch.Details == "full" && (!info.IsPrivate || info.IsExtShared || info.IsShared || info.IsPendingExtShared):
		f.Says = "details is full, but the channel is public or shared"
		f.Costs = "diagnoses are shown privately, as with details agents"
	default:
		f.Works, f.Costs = true, ""
	}
	return f
}
