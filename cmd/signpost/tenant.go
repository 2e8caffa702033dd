package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"signpost/bot"
	"signpost/graph"
	"signpost/graph/tenantfake"
	"signpost/handlers"
)

// openTenant opens the tenant that a command asks: none, demo (made up, in this process) or live. "" means live where
// credentials are set, else none. A nil Directory means that nothing is asked.
func openTenant(which string, cfg bot.TenantConfig, log *slog.Logger) (handlers.Directory, func(), error) {
	if which == "" {
		which = "none"
		if graph.Configured(os.Getenv) {
			which = "live"
		}
	}
	switch which {
	case "none":
		return nil, func() {}, nil
	case "live":
		t, err := liveTenant(cfg, log)
		if err != nil {
			return nil, nil, err
		}
		return t, func() {}, nil
	case "demo":
		t, closeTenant, err := demoTenant(log, time.Now())
		if err != nil { // a nil *graph.Tenant in the interface would be no nil
			return nil, nil, err
		}
		return t, closeTenant, nil
	}
	return nil, nil, misused("--tenant %q is none of none, demo, live", which)
}

// liveTenant is the tenant of the environment's credentials, with what the configuration adds to it.
func liveTenant(add bot.TenantConfig, log *slog.Logger) (*graph.Tenant, error) {
	if !graph.Configured(os.Getenv) {
		return nil, misused("no Entra credentials: set AZURE_TENANT_ID, AZURE_CLIENT_ID and one of AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH or AZURE_FEDERATED_TOKEN_FILE, or run with a managed identity")
	}
	cfg, err := graph.FromEnv(os.Getenv)
	if err != nil {
		return nil, usageError{err}
	}
	cfg.Metadata = add.Metadata
	t, err := graph.New(cfg, log)
	if err != nil {
		return nil, usageError{err}
	}
	return t, nil
}

// demoTenant is the real Graph client against a made-up tenant in this process.
func demoTenant(log *slog.Logger, now time.Time, change ...func(*tenantfake.Server)) (*graph.Tenant, func(), error) {
	fake := tenantfake.New(tenantfake.Demo(now))
	for _, c := range change {
		c(fake)
	}
	env := fake.Env()
	cfg, err := graph.FromEnv(func(k string) string { return env[k] })
	if err != nil {
		fake.Close()
		return nil, nil, fmt.Errorf("start the demo tenant: %w", err)
	}
	cfg.RootCAs = fake.CertPool()
	cfg.Metadata = tenantfake.DemoMetadata(fake.URL) // sts.fabrikam.com is nowhere
	t, err := graph.New(cfg, log)
	if err != nil {
		fake.Close()
		return nil, nil, fmt.Errorf("start the demo tenant: %w", err)
	}
	return t, fake.Close, nil
}

// readFor bounds the reads of one command.
const readFor = 30 * time.Second

// withDeadline is the context of one command's reads.
func withDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, readFor)
}
