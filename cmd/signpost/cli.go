package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/alecthomas/kong"
	"golang.org/x/term"
)

// commands is the command line; each subcommand has a file of its own.
type commands struct {
	Run        runCmd        `cmd:"" help:"Run the bot."`
	Demo       demoCmd       `cmd:"" help:"Run the whole bot against a made-up workspace and tenant, on this terminal. Needs no account and no network."`
	Explain    explainCmd    `cmd:"" help:"Explain a pasted error, or diagnose a person."`
	Compare    compareCmd    `cmd:"" help:"Say what differs between somebody who cannot sign in and somebody who can."`
	Parse      parseCmd      `cmd:"" help:"Find the errors in a text."`
	Federation federationCmd `cmd:"" help:"Check the health of the tenant's federation: certificates, metadata, endpoints, changes."`
	Report     reportCmd     `cmd:"" help:"Count what was asked lately and what helped."`
	Audit      auditCmd      `cmd:"" help:"Print or export who looked whom up, from where, and what was read."`
	Erase      eraseCmd      `cmd:"" help:"Remove what is kept of a person."`
	Runbooks   runbooksCmd   `cmd:"" help:"Look at the runbooks and check them."`
	Doctor     doctorCmd     `cmd:"" help:"Check each setting, Slack scope, Graph permission, licence and endpoint."`
	Manifest   manifestCmd   `cmd:"" help:"Print the Slack app manifest for this configuration."`
	Version    versionCmd    `cmd:"" help:"Print version, commit and Go version."`
}

// console is where a command reads and writes.
type console struct {
	in       io.Reader
	out, err io.Writer
}

// Exit codes (DESIGN.md §8).
const (
	done   = 0
	failed = 1
	usage  = 2
)

// usageError is wrong usage or configuration: exit code 2.
type usageError struct{ error }

func misused(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// exitCode ends a command with a code and nothing more to say.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// run parses the command line, runs the command, and returns the exit code. An error is one line on standard error.
func run(ctx context.Context, args []string, c console) (code int) {
	var cli commands
	parser, err := kong.New(&cli,
		kong.Name("signpost"),
		kong.Description("Signpost answers Microsoft Entra sign-in errors in Slack. It only ever reads the tenant."),
		kong.Writers(c.out, c.err),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Exit(func(code int) { panic(exitCode(code)) }), // --help ends here
		kong.Bind(c), kong.BindTo(ctx, (*context.Context)(nil)),
	)
	if err != nil {
		return say(c, err)
	}
	defer func() {
		if e, ok := recover().(exitCode); ok {
			code = int(e)
		}
	}()
	if len(args) == 0 || args[0] == "help" {
		args = append(args[min(1, len(args)):len(args):len(args)], "--help")
	}
	command, err := parser.Parse(args)
	if err != nil {
		return say(c, usageError{fmt.Errorf("%w; see signpost --help", err)})
	}
	return say(c, command.Run())
}

// say prints an error as one line and returns its exit code.
func say(c console, err error) int {
	var code exitCode
	var wrong usageError
	switch {
	case err == nil:
		return done
	case errors.As(err, &code):
		return int(code)
	}
	fmt.Fprintln(c.err, "signpost: "+strings.Join(strings.Fields(err.Error()), " "))
	if errors.As(err, &wrong) {
		return usage
	}
	return failed
}

// isTerminal reports whether a stream is a terminal, and how wide it is.
func isTerminal(stream any) (width int, ok bool) {
	f, isFile := stream.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) {
		return 100, false
	}
	w, _, err := term.GetSize(int(f.Fd()))
	if err != nil || w < 20 {
		w = 100
	}
	return min(w, 110), true
}

// coloured reports whether output may be styled. https://no-color.org
func coloured(out io.Writer) bool {
	_, tty := isTerminal(out)
	return tty && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// secret reads a secret from NAME or from the file that NAME_FILE names; "" where neither is set.
func secret(name string) (string, error) {
	value, file := os.Getenv(name), os.Getenv(name+"_FILE")
	switch {
	case value != "" && file != "":
		return "", misused("%s and %s_FILE are both set; keep one", name, name)
	case file != "":
		text, err := os.ReadFile(file)
		if err != nil {
			return "", misused("%s_FILE: %w", name, err)
		}
		return strings.TrimSpace(string(text)), nil
	}
	return strings.TrimSpace(value), nil
}
