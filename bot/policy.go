package bot

import "signpost/handlers"

// Policy is the part of the configuration that says who may see what.
func Policy(c Config) handlers.Policy {
	p := handlers.Policy{Channels: map[string]handlers.Details{}, Agents: c.Slack.Agents, Protected: c.Tenant.Protected}
	for _, desk := range []string{c.Slack.Escalate, c.Federation.Channel, c.Report.Channel} {
		if desk != "" {
			p.Desks = append(p.Desks, desk)
		}
	}
	for _, ch := range c.Slack.Channels {
		p.Channels[ch.ID] = handlers.Agents
		if ch.Details != "" {
			p.Channels[ch.ID] = handlers.Details(ch.Details)
		}
	}
	return p
}
