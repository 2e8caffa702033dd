package bot

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "signpost.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadConfig(t *testing.T) {
	c, err := ReadConfig(write(t, `
slack:
  channels:
    - id: C0SUPPORT
      details: agents
      bots: [B0ALERTS]
  agents: [S0HELPDESK, U0ALICE]
  escalate: C0IDENTITY
tenant:
  protected: [breakglass@contoso.com]
  metadata:
    contoso.com: https://sts.contoso.com/federationmetadata/2007-06/federationmetadata.xml
federation:
  schedule: "0 8 * * 1-5"
  timezone: Europe/Berlin
  channel: C0IDENTITY
  warn_days: [60, 30, 14, 7, 3, 1]
retention_days: 30
runbooks: ./runbooks.d
`))
	if err != nil {
		t.Fatal(err)
	}
	if c.Slack.Channels[0].Bots[0] != "B0ALERTS" || c.Federation.Timezone != "Europe/Berlin" || c.Runbooks != "./runbooks.d" {
		t.Errorf("read %+v", c)
	}
}

func TestDefaults(t *testing.T) {
	for name, path := range map[string]string{"no file": "", "an empty file": write(t, "\n")} {
		c, err := ReadConfig(path)
		if err != nil || c.RetentionDays != 30 || len(c.Federation.WarnDays) != 6 {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
}

func TestConfigErrorsAreOneClearLine(t *testing.T) {
	for name, row := range map[string]struct{ text, want string }{
		"an unknown key":          {"slak: {}", "slak"},
		"no YAML":                 {"slack: [", "configuration"},
		"a wrong type":            {"retention_days: soon", "[1:17]"},
		"no channel id":           {"slack: {channels: [{id: '#support'}]}", `"#support" is no channel id`},
		"a channel twice":         {"slack: {channels: [{id: C01}, {id: C02}, {id: C01}]}", "C01 is listed twice"},
		"unknown details":         {"slack: {channels: [{id: C01, details: some}]}", "none of full, agents, none"},
		"a bot that is a name":    {"slack: {channels: [{id: C01, bots: [alerts]}]}", `"alerts" is no bot id`},
		"an agent that is a name": {"slack: {agents: [alice]}", `"alice" is no user group`},
		"retention of nothing":    {"retention_days: 0", "must be at least 1"},
		"no https":                {"tenant: {metadata: {contoso.com: 'http://sts.contoso.com'}}", "is no https address"},
		"protection of nobody":    {"tenant: {protected: [breakglass]}", `"breakglass" is no sign-in name`},
		"a report to nowhere":     {"report: {schedule: '@weekly'}", "report.channel is not"},
		"a report at no time":     {"report: {schedule: soon, channel: C01}", "report.schedule"},
		"a report in no zone":     {"report: {timezone: Middle/Earth}", "report.timezone"},
		"a report to a name":      {"report: {channel: '#identity'}", "report.channel"},
		"no time zone":            {"federation: {timezone: Middle/Earth}", "is no IANA time zone"},
		"no cron expression":      {"federation: {schedule: sometimes, channel: C01}", "is no cron expression"},
		"a schedule for nobody":   {"federation: {schedule: '@daily'}", "federation.channel is not"},
		"several at once":         {"retention_days: 0\nslack: {escalate: x}", "slack.escalate"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadConfig(write(t, row.text))
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Fatalf("error is %v, want one that says %q", err, row.want)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("the error has several lines: %v", err)
			}
		})
	}
	if _, err := ReadConfig("/nowhere/signpost.yaml"); err == nil {
		t.Error("a missing file gave no error")
	}
}
