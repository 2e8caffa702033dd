package slackfake_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"signpost/bot/slackfake"
)

func TestAnUploadIsSharedInAThread(t *testing.T) {
	fake := slackfake.New(slackfake.Options{})
	defer fake.Close()
	api := slack.New(fake.BotToken(), slack.OptionAPIURL(fake.APIURL()))
	ts := fake.Post("C0SUPPORT", "U0BOB", "hello")
	upload := func() error {
		_, err := api.UploadFileContext(t.Context(), slack.UploadFileParameters{Reader: bytes.NewReader([]byte("picture")), FileSize: 7, Filename: "x.png", Title: "X", AltTxt: "an x",
			InitialComment: "look", Channel: "C0SUPPORT", ThreadTimestamp: ts})
		return err
	}
	if err := upload(); err != nil {
		t.Fatal(err)
	}
	thread := fake.Thread("C0SUPPORT", ts)
	if len(thread) != 2 || thread[1].Text != "look" || len(thread[1].Files) != 1 {
		t.Fatalf("%+v", thread)
	}
	if f := thread[1].Files[0]; string(f.Content) != "picture" || f.AltText != "an x" || f.Title != "X" || f.Mimetype != "image/png" {
		t.Errorf("%+v", f)
	}
	var got bytes.Buffer
	info, _, _, err := api.GetFileInfoContext(t.Context(), thread[1].Files[0].ID, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := api.GetFileContext(t.Context(), info.URLPrivateDownload, &got); err != nil || got.String() != "picture" {
		t.Errorf("%q, %v", got.String(), err)
	}
	fake.SetScopes("chat:write")
	if err := upload(); err == nil || !strings.Contains(err.Error(), "missing_scope") {
		t.Errorf("without files:write: %v", err)
	}
}

func TestAnUploadOfAnotherLengthIsRefused(t *testing.T) {
	fake := slackfake.New(slackfake.Options{})
	defer fake.Close()
	api := slack.New(fake.BotToken(), slack.OptionAPIURL(fake.APIURL()))
	_, err := api.UploadFileContext(t.Context(), slack.UploadFileParameters{Reader: bytes.NewReader([]byte("picture")), FileSize: 9, Filename: "x.png", Channel: "C0SUPPORT"})
	if err == nil || len(fake.Messages("C0SUPPORT")) != 0 {
		t.Errorf("%v, %d messages", err, len(fake.Messages("C0SUPPORT")))
	}
}
