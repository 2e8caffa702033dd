package slackfake

import (
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
)

// uploadPath is where the content of a file goes, before it is completed.
const uploadPath = "/upload/v1/"

// mimetypes of what apps upload; everything else is binary.
var mimetypes = map[string]string{".png": "image/png", ".jpg": "image/jpeg", ".txt": "text/plain", ".csv": "text/csv", ".json": "application/json"}

// filesGetUploadURLExternal: https://docs.slack.dev/reference/methods/files.getUploadURLExternal
func (s *Server) filesGetUploadURLExternal(q *request) reply {
	length := q.int("length", 0)
	switch {
	case q.str("filename") == "":
		return missing("filename")
	case length <= 0:
		return missing("length")
	}
	f := &File{ID: s.id("F", 8), Name: q.str("filename"), User: s.app.UserID, Mode: "hosted", AltText: q.str("alt_txt"), Created: q.now, length: length}
	ext := strings.ToLower(path.Ext(f.Name))
	f.Filetype, f.Mimetype = strings.TrimPrefix(ext, "."), mimetypes[ext]
	if f.Mimetype == "" {
		f.Filetype, f.Mimetype = "binary", "application/octet-stream"
	}
	s.uploads[f.ID] = f
	return ok(Block{"upload_url": s.base + uploadPath + f.ID, "file_id": f.ID})
}

// serveUpload takes the content, raw or as the field of a form. The address itself is the secret. Slack answers with plain text.
func (s *Server) serveUpload(w http.ResponseWriter, r *http.Request) {
	q := &request{method: "upload", args: Block{"path": r.URL.Path}}
	c := s.record(q, nil)
	fault, alive := s.fault(r.Context(), "upload")
	if !alive || (fault != nil && fault.Drop) {
		s.finish(c, 0, "dropped")
		panic(http.ErrAbortHandler)
	}
	if fault != nil {
		fault.write(w)
		s.finish(c, fault.status(), fault.Error)
		return
	}
	content, err := uploaded(w, r)
	s.mu.Lock()
	f := s.uploads[r.PathValue("id")]
	good := err == nil && f != nil && len(content) == f.length
	if good {
		f.Content = content
	}
	s.mu.Unlock()
	if !good {
		s.finish(c, http.StatusBadRequest, "refused")
		http.Error(w, "refused", http.StatusBadRequest)
		return
	}
	s.finish(c, http.StatusOK, "")
	fmt.Fprintf(w, "OK - %d", len(content))
}

func uploaded(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body := http.MaxBytesReader(w, r.Body, maxBody)
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		return io.ReadAll(body)
	}
	form, err := r.MultipartReader()
	if err != nil {
		return nil, err
	}
	for {
		part, err := form.NextPart()
		if err != nil {
			return nil, err
		}
		if part.FileName() != "" {
			return io.ReadAll(io.LimitReader(part, maxBody))
		}
	}
}

// filesCompleteUploadExternal makes the files real, and shares them with a message where a channel is named.
// https://docs.slack.dev/reference/methods/files.completeUploadExternal
func (s *Server) filesCompleteUploadExternal(q *request) reply {
	v, isJSON := q.decoded("files")
	wanted := list(v)
	if !isJSON || len(wanted) == 0 {
		return missing("files")
	}
	var files []*File
	out := []any{}
	for _, w := range wanted {
		o := object(w)
		f := s.uploads[str(o["id"])]
		if f == nil || f.Content == nil {
			return fail("file_not_found")
		}
		f.Title = str(o["title"])
		if f.Title == "" {
			f.Title = f.Name
		}
		files = append(files, f)
		out = append(out, Block{"id": f.ID, "title": f.Title})
	}
	if channel := q.str("channel_id"); channel != "" {
		c, problem := s.postable(channel)
		if problem != nil {
			return problem
		}
		m := s.own(c.ID)
		m.Text, m.Files, m.SubType = q.str("initial_comment"), files, "file_share"
		if problem := s.threaded(q, m); problem != nil {
			return problem
		}
		s.postOwn(m)
	}
	for _, f := range files {
		delete(s.uploads, f.ID)
		s.files[f.ID] = f
	}
	return ok(Block{"files": out})
}
