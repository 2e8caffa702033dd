package slackfake

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// previewLines and previewBytes are how much of a snippet messages show; the size is the fake's guess.
const (
	previewLines = 5
	previewBytes = 1000
)

// fileInMessage is a file as messages carry it: in Slack Connect only a pointer to files.info.
// https://docs.slack.dev/apis/slack-connect#files
func (s *Server) fileInMessage(f *File) Block {
	if f.CheckFileInfo {
		return Block{"id": f.ID, "mode": "file_access", "file_access": "check_file_info", "created": 0, "timestamp": 0, "user": ""}
	}
	return s.fileJSON(f)
}

// fileJSON: https://docs.slack.dev/reference/objects/file-object
func (s *Server) fileJSON(f *File) Block {
	path := fmt.Sprintf("/files-pri/%s-%s/", s.team.ID, f.ID)
	name := url.PathEscape(f.Name)
	out := Block{"id": f.ID, "created": f.Created.Unix(), "timestamp": f.Created.Unix(), "name": f.Name, "title": f.Title, "mimetype": f.Mimetype,
		"filetype": f.Filetype, "pretty_type": f.Filetype, "user": f.User, "user_team": s.team.ID, "mode": f.Mode, "editable": f.Mode == "snippet",
		"is_external": f.External, "external_type": "", "size": len(f.Content), "is_public": true, "public_url_shared": false, "display_as_bot": false,
		"username": "", "url_private": s.base + path + name, "url_private_download": s.base + path + "download/" + name,
		"permalink": fmt.Sprintf("https://%s.slack.com/files/%s/%s/%s", s.team.Domain, f.User, f.ID, name), "file_access": "visible",
		"has_more_shares": false, "is_starred": false, "has_rich_preview": false}
	if f.External {
		out["mode"], out["external_type"], out["external_url"] = "external", "app", f.ExternalURL
		out["url_private"], out["url_private_download"] = f.ExternalURL, f.ExternalURL
	}
	if f.Mode == "snippet" {
		lines := strings.Count(string(f.Content), "\n") + 1
		preview := string(f.Content)
		if all := strings.SplitAfter(preview, "\n"); len(all) > previewLines {
			preview = strings.Join(all[:previewLines], "")
		}
		if len(preview) > previewBytes {
			preview = strings.ToValidUTF8(preview[:previewBytes], "")
		}
		out["preview"], out["preview_is_truncated"], out["lines"], out["lines_more"] = preview, len(preview) < len(f.Content), lines, max(0, lines-previewLines)
		out["preview_highlight"] = "<div class=\"CodeMirror\"></div>"
	}
	return out
}

// filesInfo: https://docs.slack.dev/reference/methods/files.info
func (s *Server) filesInfo(q *request) reply {
	if q.str("file") == "" {
		return missing("file")
	}
	f := s.files[q.str("file")]
	if f == nil {
		return fail("file_not_found")
	}
	out := s.fileJSON(f)
	if f.Mode == "snippet" {
		return ok(Block{"file": out, "content": string(f.Content), "is_truncated": false, "comments": []any{}, "paging": Block{"count": 1, "total": 0, "page": 1, "pages": 0}})
	}
	return ok(Block{"file": out, "comments": []any{}, "paging": Block{"count": 1, "total": 0, "page": 1, "pages": 0}})
}

// serveFile serves the content to whoever holds the bot token and files:read; everybody else is sent to the sign-in page.
func (s *Server) serveFile(w http.ResponseWriter, r *http.Request) {
	q := &request{method: "file", args: Block{"path": r.URL.Path}}
	c := s.record(q, nil)
	fault, alive := s.fault(r.Context(), "file")
	if !alive || (fault != nil && fault.Drop) {
		s.finish(c, 0, "dropped")
		panic(http.ErrAbortHandler)
	}
	if fault != nil {
		fault.write(w)
		s.finish(c, fault.status(), fault.Error)
		return
	}
	owner, _, _ := strings.Cut(r.PathValue("path"), "/")
	_, id, _ := strings.Cut(owner, "-")
	s.mu.Lock()
	f := s.files[id]
	allowed := r.Header.Get("Authorization") == "Bearer "+s.app.BotToken && s.scopes["files:read"] && s.tokenError == ""
	s.mu.Unlock()
	switch {
	case !allowed:
		s.finish(c, http.StatusFound, "sign-in")
		http.Redirect(w, r, "/?redir="+url.QueryEscape(r.URL.EscapedPath()), http.StatusFound)
	case f == nil:
		s.finish(c, http.StatusNotFound, "file_not_found")
		http.NotFound(w, r)
	default:
		w.Header().Set("Content-Type", f.Mimetype)
		s.finish(c, http.StatusOK, "")
		http.ServeContent(w, r, "", f.Created, bytes.NewReader(f.Content))
	}
}

// serveSignIn is the page that Slack redirects to instead of refusing a file.
func (s *Server) serveSignIn(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte("<!DOCTYPE html><html><title>Sign in</title></html>"))
}
