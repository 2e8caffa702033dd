package bot

import (
	"slices"

	"github.com/goccy/go-yaml"
	"github.com/slack-go/slack"

	"signpost/handlers"
)

// Command is the slash command.
const Command = "/aadsts"

// scopes are the bot scopes that Signpost needs, with what for. https://docs.slack.dev/reference/scopes
var scopes = []struct{ name, why string }{
	{"channels:history", "read pasted errors in public channels, and find its own earlier answer"},
	{"groups:history", "do the same in private channels"},
	{"chat:write", "answer in the thread"},
	{"channels:read", "tell whether a channel is shared with another organisation"},
	{"groups:read", "do the same for private channels"},
	{"commands", "take the /aadsts command"},
	{"app_mentions:read", "hear a mention of it"},
	{"im:history", "read what somebody writes to it in a direct message"},
	{"files:read", "read errors pasted as a snippet"},
	{"users:read", "tell guests and other organisations' people from agents"},
	{"users:read.email", "match the person who posted to their account"},
	{"usergroups:read", "tell who is an agent"},
	{"reactions:write", "show on the message itself whether it is open, solved or handed over"},
	{"files:write", "add a picture to the posts about the federation's health"},
}

// optionalScopes are those that an administrator may refuse: nothing else suffers. https://docs.slack.dev/reference/app-manifest
var optionalScopes = []string{"reactions:write", "files:write"}

// events are the bot events that Signpost subscribes to. https://docs.slack.dev/reference/events
var events = []string{
	"message.channels", "message.groups", "message.im", "app_mention", "channel_shared", "channel_unshared", "channel_id_changed", "app_home_opened", "subteam_members_changed",
}

// Manifest is the Slack app manifest: for Socket Mode with an empty url, else for HTTP delivery to the public address.
// https://docs.slack.dev/reference/app-manifest
func Manifest(url string) slack.Manifest {
	m := slack.Manifest{
		Metadata: slack.ManifestMetadata{MajorVersion: 1, MinorVersion: 1},
		Display: slack.Display{
			Name:            "Signpost",
			Description:     "Answers Microsoft Entra sign-in errors with the runbook and a diagnosis",
			BackgroundColor: "#1f3a5f",
			LongDescription: "Paste a Microsoft Entra sign-in error (AADSTS…) into a support channel. Signpost answers in the thread with the runbook that fits " +
				"and a diagnosis read from Microsoft Graph: the account, its sign-in methods, the sign-in itself, the domain's federation, the cause with its evidence, " +
				"and who does what next. It only ever reads the tenant.",
		},
		Features: slack.Features{
			AppHome:       slack.AppHome{HomeTabEnabled: true, MessagesTabEnabled: true},
			BotUser:       slack.BotUser{DisplayName: "signpost", AlwaysOnline: true},
			Shortcuts:     []slack.Shortcut{{Name: "Diagnose this error", CallbackID: handlers.CallbackDiagnose, Description: "Explain the sign-in error in this message, only to you", Type: slack.MessageShortcut}},
			SlashCommands: []slack.ManifestSlashCommand{{Command: Command, Description: "Explain a Microsoft Entra sign-in error or diagnose a person", UsageHint: "user@contoso.com | AADSTS50076 | help", ShouldEscape: true}},
		},
		Settings: slack.Settings{
			EventSubscriptions: &slack.EventSubscriptions{BotEvents: slices.Clone(events)},
			Interactivity:      &slack.Interactivity{IsEnabled: true},
			SocketModeEnabled:  url == "",
		},
	}
	for _, s := range scopes {
		m.OAuthConfig.Scopes.Bot = append(m.OAuthConfig.Scopes.Bot, s.name)
	}
	m.OAuthConfig.Scopes.BotOptional = slices.Clone(optionalScopes) // they stand in the list of all as well
	if url != "" {
		m.Settings.EventSubscriptions.RequestUrl = url + "/slack/events"
		m.Settings.Interactivity.RequestUrl = url + "/slack/interactions"
		m.Features.SlashCommands[0].Url = url + "/slack/commands"
	}
	return m
}

// ManifestYAML writes the manifest as Slack's page "create an app from a manifest" takes it.
func ManifestYAML(url string) ([]byte, error) { return yaml.Marshal(Manifest(url)) }
