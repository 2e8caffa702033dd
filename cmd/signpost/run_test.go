package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"signpost/bot/slackfake"
	"signpost/graph/tenantfake"
)

// TestMain lets the test binary stand in for the real one, so that a process can be started and killed.
func TestMain(m *testing.M) {
	if os.Getenv("SIGNPOST_TEST_PROCESS") == "1" {
		main()
		return
	}
	os.Exit(m.Run())
}

// process is `signpost run` as an operator starts it: settings in the environment, both fakes over the network.
type process struct {
	cmd *exec.Cmd
	out *lines
}

// lines is what a process printed.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func start(t *testing.T, env []string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(os.Args[0], "run"), out: &lines{}}
	p.cmd.Env = append(env, "SIGNPOST_TEST_PROCESS=1", "HOME="+t.TempDir(), "PATH="+os.Getenv("PATH"))
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	return p
}

// kill ends the process without a chance to clean up.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// TestRunSurvivesBeingKilled runs the real process against both fakes, kills it at several points of an answer, and
// starts it again: every paste has exactly one answer, and it is complete.
func TestRunSurvivesBeingKilled(t *testing.T) {
	tenant := tenantfake.New(tenantfake.Demo(time.Now()))
	t.Cleanup(tenant.Close)
	workspace := slackfake.Contoso()
	slack := slackfake.New(workspace)
	t.Cleanup(slack.Close)
	dir := t.TempDir()
	ca := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(ca, tenant.CertPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := filepath.Join(dir, "signpost.yaml")
	if err := os.WriteFile(cfg, []byte("slack: {channels: [{id: C0AGENTS, details: full}], agents: [S0HELPDESK]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{
		"SLACK_BOT_TOKEN=" + slack.BotToken(), "SLACK_APP_TOKEN=" + slack.AppToken(), "SLACK_API_URL=" + slack.APIURL(),
		"SIGNPOST_CONFIG=" + cfg, "SIGNPOST_DATABASE_URL=sqlite:" + filepath.Join(dir, "signpost.db"), "SIGNPOST_LISTEN=127.0.0.1:0", "SSL_CERT_FILE=" + ca,
	}
	for k, v := range tenant.Env() {
		env = append(env, k+"="+v)
	}
	wait := func(what string, condition func(*slackfake.Snapshot) bool) {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
		defer cancel()
		if err := slack.Wait(ctx, condition); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	p := start(t, env)
	connected := func(n *slackfake.Snapshot) bool { return n.Connections() > 0 }
	wait("the bot is connected", connected)

	pastes := tenantfake.DemoPastes(time.Now())
	// Killed once the first answer stands, and once while it is being posted: the call has done its work, and the bot
	// never hears of it.
	for i, killed := range []string{"after the first answer", "while the answer is posted"} {
		release := func() {}
		if killed == "while the answer is posted" {
			release = slack.Hang("chat.postMessage")
		}
		ts := slack.Post("C0AGENTS", "U0ALICE", pastes[i].Text)
		if killed == "while the answer is posted" {
			wait("the bot posts", func(n *slackfake.Snapshot) bool { return len(n.Calls("chat.postMessage")) > i })
		} else {
			wait("a first answer", func(n *slackfake.Snapshot) bool { return len(n.Thread("C0AGENTS", ts)) > 1 })
		}
		p.kill()
		release()
		wait("the bot is gone", func(n *slackfake.Snapshot) bool { return n.Connections() == 0 })
		p = start(t, env)
		wait("the bot is connected again", connected)
		wait("the complete answer, "+killed, func(n *slackfake.Snapshot) bool {
			thread := n.Thread("C0AGENTS", ts)
			return len(thread) == 2 && strings.Contains(thread[1].BlockText(), "*Cause*") && strings.Contains(thread[1].BlockText(), "*Facts")
		})
	}
	for _, want := range []string{"Slack: workspace Contoso as @signpost, Socket Mode with 2 connections", "Channels: C0AGENTS (full)", "Database: sqlite:", "Entra: token", "Endpoints: http://127.0.0.1:"} {
		if !strings.Contains(p.out.String(), want) {
			t.Errorf("the start does not say %q:\n%s", want, p.out)
		}
	}
	for _, secret := range []string{slack.BotToken(), slack.AppToken(), tenant.Env()["AZURE_CLIENT_SECRET"], "mia@contoso.com", "noah@contoso.com"} {
		if strings.Contains(p.out.String(), secret) {
			t.Errorf("the log holds %q:\n%s", secret, p.out)
		}
	}
}
