package bot

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/slack-go/slack"
)

// transport is the way in that the settings ask for.
type transport struct {
	says      string // for the line of the start
	run       func(ctx context.Context) error
	connected func(ctx context.Context) error // nil error: events can arrive
	register  func(mux *http.ServeMux)
}

// transport makes Socket Mode where there is an app token, else HTTP mode.
func (s Settings) transport(api *slack.Client, sink Sink, reg prometheus.Registerer) (transport, error) {
	metrics := NewMetrics(reg)
	if s.AppToken == "" {
		h, err := NewHTTP(HTTPConfig{Secret: s.SigningSecret, Sink: sink, Log: s.Log, Metrics: metrics, Now: s.Now})
		if err != nil {
			return transport{}, setup("%w", err)
		}
		if s.Listen == "" {
			return transport{}, setup("HTTP mode needs SIGNPOST_LISTEN")
		}
		return transport{
			says: "HTTP mode", register: h.Register,
			run:       func(ctx context.Context) error { <-ctx.Done(); return nil },
			connected: func(context.Context) error { return nil },
		}, nil
	}
	socket := NewSocket(SocketConfig{Client: api, Sink: sink, Log: s.Log, Metrics: metrics, Connections: connections, Now: s.Now})
	return transport{
		says:      fmt.Sprintf("Socket Mode with %d connections", connections),
		register:  func(*http.ServeMux) {},
		connected: func(context.Context) error { return socket.State().err() },
		run: func(ctx context.Context) error {
			err := socket.Run(ctx)
			if errors.Is(err, ErrRefused) {
				return &SetupError{err}
			}
			return err
		},
	}, nil
}

// err says what is wrong with the connection, nil while at least one is open.
func (s SocketState) err() error {
	switch {
	case s.Up > 0:
		return nil
	case s.LastError != "":
		return fmt.Errorf("no connection is open, the last attempt ended with: %s", s.LastError)
	}
	return errors.New("no connection is open yet")
}
