package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"signpost/bot"
	"signpost/bot/slackfake"
	"signpost/graph/tenantfake"
	"signpost/handlers"
)

type demoCmd struct {
	Details string `help:"What threads of the demo channel may hold: full, agents or none." enum:"full,agents,none" default:"full" placeholder:"full|agents|none"`
}

// Where the demo plays. The channel is private, so that details full is allowed.
const (
	demoChannel = "C0SUPPORT"
	demoPerson  = "U0BOB"
)

// answerWithin is how long the demo waits for an answer to be complete.
const answerWithin = 30 * time.Second

// Run runs the bot against both fakes and plays a support channel on the terminal.
func (x demoCmd) Run(ctx context.Context, c console) error {
	d, err := startDemo(ctx, c, x.Details)
	if err != nil {
		return err
	}
	defer d.stop()
	if _, tty := isTerminal(c.in); tty {
		return d.talk(ctx)
	}
	return d.play(ctx)
}

// demo is a running demo.
type demo struct {
	console
	width   int
	color   bool
	slack   *slackfake.Server
	pastes  []tenantfake.Paste
	people  []slackfake.User
	private int        // private messages to Ben shown so far
	hidden  string     // the last answer, where its diagnosis is shown on demand only
	bot     chan error // gets the bot's end
	end     context.CancelFunc
	close   func()
}

func startDemo(ctx context.Context, c console, details string) (*demo, error) {
	book, err := load("")
	if err != nil {
		return nil, err
	}
	log := slog.New(slog.NewTextHandler(c.err, &slog.HandlerOptions{Level: slog.LevelError}))
	now := time.Now()
	tenant, closeTenant, err := demoTenant(log, now, func(fake *tenantfake.Server) { fake.Change(tenantfake.DemoTrusts(fake.URL, now)) })
	if err != nil {
		return nil, err
	}
	workspace := slackfake.Contoso()
	for i := range workspace.Channels {
		if workspace.Channels[i].ID == demoChannel {
			workspace.Channels[i].Private = true
		}
	}
	for i := range workspace.Users {
		if workspace.Users[i].ID == demoPerson { // an account of the demo tenant, for pastes that name nobody
			workspace.Users[i].Name, workspace.Users[i].RealName, workspace.Users[i].Email = "ben", "Ben Okafor", "ben@contoso.com"
			workspace.Users[i].Locale = "en-GB"
		}
	}
	d := &demo{console: c, slack: slackfake.New(workspace), bot: make(chan error, 1), close: closeTenant, pastes: tenantfake.DemoPastes(now), people: workspace.Users}
	d.width, _ = isTerminal(c.out)
	d.color = coloured(c.out)
	cfg := bot.DefaultConfig()
	cfg.Slack = bot.SlackConfig{
		Channels: []bot.ChannelConfig{{ID: demoChannel, Details: details}}, Agents: []string{"S0HELPDESK"}, Escalate: "C0IDENTITY",
	}
	running, cancel := context.WithCancel(ctx)
	d.end = cancel
	go func() {
		d.bot <- bot.Run(running, bot.Settings{
			Config: cfg, Book: book, Tenant: tenant, Trusts: tenant, BotToken: d.slack.BotToken(), AppToken: d.slack.AppToken(), SlackAPIURL: d.slack.APIURL(),
			DatabaseURL: "sqlite::memory:", Out: io.Discard, Log: log,
			TenantSays: func(ctx context.Context) []string { return tenantSays(tenant.Check(ctx)) },
		})
	}()
	if err := d.wait(ctx, func(n *slackfake.Snapshot) bool { return n.Connections() > 0 }); err != nil {
		d.stop()
		return nil, fmt.Errorf("start the demo: %w", err)
	}
	d.say("%s\n", d.bold("Signpost demo"))
	d.paragraph("A Slack workspace and an Entra tenant, both made up, in this process; the bot between them is the real one. Nothing leaves this machine.", "")
	d.paragraph("\nYou are Ben in the private channel #support (details: "+details+").\n", "")
	return d, nil
}

// stop ends the bot and the fakes.
func (d *demo) stop() {
	d.end()
	<-d.bot
	d.slack.Close()
	d.close()
}

// wait waits for the workspace, and gives up if the bot ends.
func (d *demo) wait(ctx context.Context, condition func(*slackfake.Snapshot) bool) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	go func() {
		select {
		case err := <-d.bot:
			d.bot <- err
			cancel()
		case <-ctx.Done():
		}
	}()
	err := d.slack.Wait(ctx, condition)
	if err != nil {
		select {
		case ended := <-d.bot:
			d.bot <- ended
			return errors.Join(errors.New("the bot ended"), ended)
		default:
		}
	}
	return err
}

// talk asks for pastes until there are no more.
func (d *demo) talk(ctx context.Context) error {
	lines := make(chan string)
	go func() { // so that Ctrl-C ends the demo while it waits for a line
		defer close(lines)
		in := bufio.NewReader(d.in)
		for {
			line, err := in.ReadString('\n')
			if line != "" || err == nil {
				lines <- strings.TrimRight(line, "\r\n")
			}
			if err != nil {
				return
			}
		}
	}()
	for {
		d.menu()
		text := d.ask(ctx, lines)
		if text == "" {
			d.say("")
			return nil
		}
		switch {
		case text == pressShow:
			if err := d.press(ctx); err != nil {
				return err
			}
			continue
		case isAsk(text):
			if err := d.asks(ctx, text); err != nil {
				return err
			}
			continue
		}
		if err := d.send(ctx, text); err != nil || ctx.Err() != nil {
			return err
		}
	}
}

func (d *demo) menu() {
	d.say("%s", d.bold("Send one of these, or paste an error of your own:"))
	for i, p := range d.pastes {
		d.say("  %s  %s", d.bold(strconv.Itoa(i+1)), p.Title)
	}
	if d.hidden != "" {
		d.say("  %s  %s", d.bold("s"), "press Show diagnosis on the last answer, as Alice, who is an agent")
	}
	d.say("Or ask as Alice, who is an agent: %s, %s, %s, %s, or %s for her App Home.", d.bold(bot.Command+" mia@contoso.com"), d.bold(bot.Command+" 50076"),
		d.bold(bot.Command+" tailspin.example"), d.bold(bot.Command+" help"), d.bold(openHome))
	d.say("%s", d.dim("A paste ends with an empty line. q ends the demo."))
}

// ask reads a choice, or a paste up to an empty line. "" ends the demo.
func (d *demo) ask(ctx context.Context, in <-chan string) string {
	var lines []string
	for {
		fmt.Fprint(d.out, d.bold("> "))
		var line string
		var open bool
		select {
		case <-ctx.Done():
			return ""
		case line, open = <-in:
		}
		word := strings.TrimSpace(line)
		if len(lines) == 0 {
			if strings.EqualFold(word, "q") || strings.EqualFold(word, "quit") {
				return ""
			}
			if d.hidden != "" && strings.EqualFold(word, pressShow) {
				return pressShow
			}
			if isAsk(word) {
				return word
			}
			if _, err := strconv.Atoi(word); err == nil {
				if p, ok := d.pasteNumber(word); ok {
					return p
				}
				d.say("%s", d.dim(fmt.Sprintf("There are examples 1 to %d.", len(d.pastes))))
				continue
			}
		}
		if line != "" {
			lines = append(lines, line)
			if len(lines) == 1 && open {
				d.say("%s", d.dim("(an empty line sends it)"))
			}
		}
		if !open || line == "" && len(lines) > 0 {
			return strings.Join(lines, "\n")
		}
	}
}

// pasteNumber is the example that a line chooses.
func (d *demo) pasteNumber(line string) (string, bool) {
	n, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil || n < 1 || n > len(d.pastes) {
		return "", false
	}
	return d.pastes[n-1].Text, true
}

// play works without a terminal: lines with numbers send those examples, lines with the command or "home" are asked as
// Alice, any other input is one paste, and no input sends every example.
func (d *demo) play(ctx context.Context) error {
	input, err := io.ReadAll(io.LimitReader(d.in, maxPaste))
	if err != nil {
		return fmt.Errorf("read the paste: %w", err)
	}
	var pastes []string
	for line := range strings.Lines(string(input)) {
		all, ok := d.chosen(strings.TrimSpace(line))
		if !ok {
			pastes = []string{strings.TrimSpace(string(input))}
			break
		}
		pastes = append(pastes, all...)
	}
	if len(pastes) == 0 {
		for _, p := range d.pastes {
			pastes = append(pastes, p.Text)
		}
	}
	for _, p := range pastes {
		do := d.send
		if isAsk(p) {
			do = d.asks
		}
		if err := do(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// chosen are the examples whose numbers stand in a line, or the line itself where it is for Alice; ok is false for any other.
func (d *demo) chosen(line string) (all []string, ok bool) {
	if isAsk(line) {
		return []string{line}, true
	}
	for _, word := range strings.Fields(line) {
		p, ok := d.pasteNumber(word)
		if !ok {
			return nil, false
		}
		all = append(all, p)
	}
	return all, true
}

// quietFor is how long the demo waits before it says that a text holds nothing for the bot.
const quietFor = 2 * time.Second

// waitingAfter is how long an answer may take before the demo says what it waits for.
const waitingAfter = 3 * time.Second

// pressShow is what asks for the diagnosis of the last answer.
const pressShow = "s"

// demoAgent is whoever may see diagnoses.
const demoAgent = "U0ALICE"

// press presses Show diagnosis as Alice, and shows what she alone sees.
func (d *demo) press(ctx context.Context) error {
	before := len(d.slack.Ephemerals(demoAgent))
	if _, err := d.slack.Click(demoAgent, demoChannel, d.hidden, handlers.ActionShow); err != nil {
		return fmt.Errorf("press the button: %w", err)
	}
	if err := d.wait(ctx, func(n *slackfake.Snapshot) bool { return len(n.Ephemerals(demoAgent)) > before }); err != nil {
		return err
	}
	d.say("\n  %s %s", d.bold("Signpost"), d.dim("to Alice alone"))
	d.show(d.slack.Ephemerals(demoAgent)[before])
	d.say("")
	return nil
}

// showPrivate shows what was said to Ben alone since the last time.
func (d *demo) showPrivate() {
	all := d.slack.Ephemerals(demoPerson)
	for _, m := range all[d.private:] {
		d.say("\n  %s %s", d.bold("Signpost"), d.dim("to Ben alone"))
		for _, line := range d.fold(d.mrkdwn(m.Text), d.width-len("  │ ")) {
			d.say("  %s %s", d.dim("│"), line)
		}
	}
	d.private = len(all)
}

// send posts a text as Ben and shows the thread as it grows.
func (d *demo) send(ctx context.Context, text string) error {
	ts := d.slack.Post(demoChannel, demoPerson, text)
	d.say("\n%s %s", d.bold("Ben"), d.dim("in #support"))
	for _, line := range strings.Split(text, "\n") {
		d.paragraph(handlers.Clean(line), "  ")
	}
	began, cancel := context.WithTimeout(ctx, quietFor)
	defer cancel()
	if err := d.slack.Wait(began, func(n *slackfake.Snapshot) bool { return len(n.Thread(demoChannel, ts)) > 1 }); err != nil {
		d.say("\n%s\n", d.dim("Signpost stays silent: it found no Entra error in that."))
		return ctx.Err()
	}
	shown := ""
	patience := time.AfterFunc(waitingAfter, func() {
		d.say("\n  %s", d.dim("(Graph allows five requests to its logs in ten seconds, and the made-up tenant holds to that: waiting)"))
	})
	defer patience.Stop()
	for step := 0; ; step++ {
		var reply slackfake.Message
		err := d.wait(ctx, func(n *slackfake.Snapshot) bool {
			reply = n.Thread(demoChannel, ts)[1]
			return reply.BlockText() != shown
		})
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		shown = reply.BlockText()
		if step == 0 {
			d.say("\n  %s %s", d.bold("Signpost"), d.dim("in the thread, at once, from the text alone"))
		} else {
			d.say("\n  %s %s", d.bold("Signpost"), d.dim("edits the same message"))
		}
		d.show(reply)
		if !strings.Contains(shown, handlers.ReadingSays) {
			patience.Stop()
			d.hidden = ""
			if slices.Contains(reply.Actions(), handlers.ActionShow) {
				d.hidden = reply.TS
			}
			d.showPrivate()
			d.say("")
			return nil
		}
	}
}

// paragraph writes a text, folded to the terminal's width, each line behind an indent.
func (d *demo) paragraph(text, indent string) {
	for _, line := range strings.Split(text, "\n") {
		for _, part := range d.fold(line, d.width-len(indent)) {
			d.say("%s%s", indent, part)
		}
	}
}

func (d *demo) say(format string, args ...any) { fmt.Fprintf(d.out, format+"\n", args...) }

func (d *demo) bold(s string) string { return d.style(s, "\x1b[1m") }
func (d *demo) dim(s string) string  { return d.style(s, "\x1b[2m") }

func (d *demo) style(s, code string) string {
	if !d.color {
		return s
	}
	return code + s + "\x1b[0m"
}
