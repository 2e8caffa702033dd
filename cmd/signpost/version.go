package main

import (
	"fmt"
	"runtime/debug"
)

// version is set by the release build: -ldflags "-X main.version=1.2.3".
var version = ""

type versionCmd struct{}

// Run prints version, commit and Go version. The commit is "unknown" in a build without version control.
func (versionCmd) Run(c console) error {
	v, commit := version, "unknown"
	info, ok := debug.ReadBuildInfo()
	if ok {
		if v == "" {
			v = info.Main.Version
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				commit = s.Value
			}
		}
	}
	if v == "" {
		v = "(devel)"
	}
	fmt.Fprintf(c.out, "signpost %s, commit %s, %s\n", v, commit, info.GoVersion)
	return nil
}
