package main

import (
	"net/url"
	"strings"

	"signpost/bot"
)

type manifestCmd struct {
	URL string `help:"Public https address of the bot, for HTTP delivery. Without it the manifest is for Socket Mode." placeholder:"https://signpost.example.com"`
}

// Run prints the manifest.
func (m manifestCmd) Run(c console) error {
	base := strings.TrimRight(m.URL, "/")
	if base != "" {
		if u, err := url.Parse(base); err != nil || u.Scheme != "https" || u.Host == "" {
			return misused("--url %q is no https address; Slack delivers to https only", m.URL)
		}
	}
	text, err := bot.ManifestYAML(base)
	if err != nil {
		return err
	}
	_, err = c.out.Write(text)
	return err
}
