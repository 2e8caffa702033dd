package graph

import "testing"

func TestCloudsAndTheirOverrides(t *testing.T) {
	for name, c := range map[string]struct {
		cfg              Config
		authority, graph string
	}{
		"public by default": {Config{}, "https://login.microsoftonline.com", "https://graph.microsoft.com"},
		"usgov":             {Config{Cloud: "usgov"}, "https://login.microsoftonline.us", "https://graph.microsoft.us"},
		"dod":               {Config{Cloud: "dod"}, "https://login.microsoftonline.us", "https://dod-graph.microsoft.us"},
		"china":             {Config{Cloud: "china"}, "https://login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn"},
		"both addresses given": {Config{Cloud: "china", AuthorityHost: "https://login.example/", GraphURL: "https://graph.example/"},
			"https://login.example", "https://graph.example"},
	} {
		if a, g := c.cfg.authority(), c.cfg.graphRoot(); a != c.authority || g != c.graph {
			t.Errorf("%s: %s and %s", name, a, g)
		}
	}
	for host, want := range map[string]bool{"login.microsoftonline.com": true, "LOGIN.microsoftonline.us": true, "login.chinacloudapi.cn": true, "login.example": false, "127.0.0.1": false, "login.microsoftonline.com.attacker.example": false} {
		if microsoft(host) != want {
			t.Errorf("%s is Microsoft's: %v", host, !want)
		}
	}
}
