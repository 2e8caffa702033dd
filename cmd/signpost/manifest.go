package main

import (
	"net"
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
		u, err := url.Parse(base)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || !reachable(u.Hostname()) {
			return misused("--url must be the bot's public https address, such as https://signpost.example.com: Slack delivers to https only, and cannot reach this machine's own names")
		}
	}
	text, err := bot.ManifestYAML(base)
	if err != nil {
		return err
	}
	_, err = c.out.Write(text)
	return err
}

// reachable reports whether Slack could reach the host at all.
func reachable(host string) bool {
	if host == "localhost" {
		return false
	}
	ip := net.ParseIP(host)
	return ip == nil || !ip.IsLoopback() && !ip.IsUnspecified()
}
