package main

import (
	"context"
	"fmt"
	"strings"

	"signpost/bot"
	"signpost/bot/slackfake"
)

// openHome is what opens the App Home of the demo's agent.
const openHome = "home"

// isAsk reports whether a line is for Alice, the agent: the slash command, or her App Home.
func isAsk(line string) bool {
	word, _, _ := strings.Cut(strings.TrimSpace(line), " ")
	return strings.EqualFold(word, bot.Command) || strings.EqualFold(strings.TrimSpace(line), openHome)
}

// asks does what such a line says, as Alice, and shows what she alone sees.
func (d *demo) asks(ctx context.Context, line string) error {
	line = strings.TrimSpace(line)
	if strings.EqualFold(line, openHome) {
		return d.home(ctx)
	}
	before := len(d.slack.Ephemerals(demoAgent))
	if _, err := d.slack.Command(demoAgent, demoChannel, bot.Command, strings.TrimSpace(line[len(bot.Command):])); err != nil {
		return fmt.Errorf("type the command: %w", err)
	}
	d.say("\n%s %s", d.bold("Alice"), d.dim("types "+line))
	for shown := before; ; shown++ {
		if err := d.wait(ctx, func(n *slackfake.Snapshot) bool { return len(n.Ephemerals(demoAgent)) > shown }); err != nil {
			return err
		}
		m := d.slack.Ephemerals(demoAgent)[shown]
		if strings.HasSuffix(m.Text, "…") && len(m.Blocks) == 0 { // it says that it reads, and the answer follows
			d.say("\n  %s", d.dim(m.Text))
			continue
		}
		d.say("\n  %s %s", d.bold("Signpost"), d.dim("to Alice alone"))
		d.show(m)
		d.say("")
		return nil
	}
}

// home shows the App Home of the agent.
func (d *demo) home(ctx context.Context) error {
	d.slack.OpenHome(demoAgent)
	if err := d.wait(ctx, func(n *slackfake.Snapshot) bool { _, ok := n.Home(demoAgent); return ok }); err != nil {
		return err
	}
	v, _ := d.slack.Home(demoAgent)
	d.say("\n  %s %s", d.bold("Signpost"), d.dim("App Home, as Alice sees it"))
	d.showBlocks(v.Blocks)
	d.say("")
	return nil
}
