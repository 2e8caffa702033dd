package main

import (
	"log/slog"
	"os"
	"strings"
)

// logger writes to standard error, as SIGNPOST_LOG_LEVEL (debug, info, warn, error; default warn for one-off commands,
// info for run) and SIGNPOST_LOG_FORMAT (text, json) say. No message text, token, name or address is ever logged.
func logger(c console) *slog.Logger { return newLogger(c, slog.LevelWarn) }

func newLogger(c console, level slog.Level) *slog.Logger {
	if s := os.Getenv("SIGNPOST_LOG_LEVEL"); s != "" {
		_ = level.UnmarshalText([]byte(strings.ToUpper(s))) // an unknown word keeps the default; run refuses it
	}
	opts := &slog.HandlerOptions{Level: level}
	if os.Getenv("SIGNPOST_LOG_FORMAT") == "json" {
		return slog.New(slog.NewJSONHandler(c.err, opts))
	}
	return slog.New(slog.NewTextHandler(c.err, opts))
}
