package bot

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever leaves for Slack passes the outlet: no other file calls a method of the client that shows something to somebody.
func TestOnlyTheOutletSends(t *testing.T) {
	sends := []string{"PostMessage", "PostEphemeral", "UpdateMessage", "ScheduleMessage", "SendMessage", "DeleteMessage", "UploadFile", "OpenView", "PushView",
		"UpdateView", "PublishView", "AddReaction", "RemoveReaction", "SetAssistantThreads", "StartStream", "AppendStream", "AddPin", "AddBookmark", "RespondToCommand"}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(gotoken.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if sel, ok := call.Fun.(*ast.SelectorExpr); ok {
				for _, s := range sends {
					if strings.HasPrefix(sel.Sel.Name, s) {
						if found++; file != "outlet.go" {
							t.Errorf("%s calls %s: what is said goes through Outlet", file, sel.Sel.Name)
						}
					}
				}
			}
			return true
		})
	}
	if found < 8 {
		t.Errorf("found %d calls of sending methods, so the list of their names is stale", found)
	}
}
