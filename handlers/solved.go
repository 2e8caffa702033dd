package handlers

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"signpost/runbooks"
	"signpost/runbooks/aadsts"
)

// Ended is how a case ended, for the line that takes the place of the buttons.
type Ended struct {
	Solved bool   // else it was handed over to the identity team
	By     string // Slack user id of who said so, "" where a successful sign-in told it
	At     time.Time
	// Fix is what fixed it, as [FixSays] gives it; "" where nobody said.
	Fix string
	// Watched is until when a successful sign-in is looked for, zero where none is.
	Watched time.Time
	// Seen says that a successful sign-in was seen in the log, in a place that may be told so.
	Seen bool
}

// How the line of an ended case begins. The top-level text of a message is recognised by it.
const (
	solvedSays = "Solved"
	handedSays = "Handed to the identity team"
)

// Line is the line as mrkdwn. It holds nothing of the directory, except with Seen.
func (e Ended) Line() string {
	line := handedSays
	if e.Solved {
		line = solvedSays
	}
	if e.By != "" {
		line += " by <@" + Escape(e.By) + ">"
	}
	if !e.At.IsZero() {
		line += ", " + Date(e.At)
	}
	switch {
	case e.Seen && e.By == "":
		line += "; a successful sign-in was seen in the sign-in log"
	case !e.Watched.IsZero():
		line += "; a successful sign-in is watched for until " + Date(e.Watched)
	}
	if fix := strings.TrimSpace(Clean(e.Fix)); e.Solved && fix != "" {
		line += "\nWhat fixed it: " + Escape(capital(fix))
	}
	return shortMarked(line, maxContext)
}

// endedBlock begins the block id of that line, which an edit finds it by.
const endedBlock = "ended-"

// freshID is a block id that no earlier state of a message had. https://docs.slack.dev/reference/block-kit/blocks
func freshID(prefix string) string { return prefix + strings.ToLower(rand.Text()) }

// headed puts how a case ended before what a message says, within the limit of an update.
func headed(ended, text string) string {
	if ended == "" {
		return text
	}
	return ended + "\n\n" + shortMarked(text, maxText-utf8.RuneCountInString(ended)-2)
}

// Settle is a message of ours as it stands, with its controls replaced by those of b. text and raw are what Slack gives of
// it; holds is what is in it.
func Settle(text string, raw json.RawMessage, b Buttons, holds Content) (Message, error) {
	var all []map[string]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		return Message{}, fmt.Errorf("read the blocks of an answer: %w", err)
	}
	at := -1
	var kept []map[string]json.RawMessage
	for _, block := range all {
		var kind, id string
		if json.Unmarshal(block["type"], &kind) != nil {
			continue
		}
		_ = json.Unmarshal(block["block_id"], &id) // a block may have none
		delete(block, "block_id")                  // Slack wants new ones for what is new
		switch {
		case kind == string(slack.MBTAction), kind == string(slack.MBTContext) && strings.HasPrefix(id, endedBlock):
			if at < 0 {
				at = len(kept)
			}
		case kind == string(slack.MBTContextActions): // comes again below
		default:
			kept = append(kept, block)
		}
	}
	again, err := json.Marshal(kept)
	if err != nil {
		return Message{}, fmt.Errorf("read the blocks of an answer: %w", err)
	}
	var blocks slack.Blocks
	if err := json.Unmarshal(again, &blocks); err != nil {
		return Message{}, fmt.Errorf("read the blocks of an answer: %w", err)
	}
	if at < 0 {
		at = len(blocks.BlockSet)
	}
	m := Message{Blocks: slices.Insert(blocks.BlockSet, at, b.controls()), Holds: holds}
	if b.Feedback {
		m.Blocks = append(m.Blocks, b.feedback())
	}
	if head, rest, ok := strings.Cut(text, "\n\n"); ok && (strings.HasPrefix(head, solvedSays) || strings.HasPrefix(head, handedSays)) {
		text = rest
	}
	m.Text = headed(b.Ended, text)
	return m, nil
}

// The view that asks what fixed a case, and the block ids of its fields; each field's action id is [FormValue].
const (
	CallbackFixed = "fixed"
	FixedCause    = "cause"
	FixedWords    = "words"
	// FixedOther is the choice that is none of the runbook's causes.
	FixedOther = "-"
)

// Limits of the choices. https://docs.slack.dev/reference/block-kit/composition-objects/option-object
const (
	maxOption  = 75
	maxRadios  = 10
	maxOptions = 100
	maxWords   = 300 // of what is kept
)

// AskFixed asks what fixed a solved case: the causes of its runbook as choices, and free words. d is the diagnosis that its
// thread may hold; first are ids of causes to begin with. Nothing has to be filled in. key comes back with the view.
// https://docs.slack.dev/surfaces/modals
func AskFixed(key string, d runbooks.Diagnosis, first []string) Screen {
	what := "This error"
	if d.Runbook != nil {
		what = fmt.Sprintf("AADSTS%d", d.Runbook.Code)
		if d.Runbook.Title != "" {
			what += " (" + d.Runbook.Title + ")"
		}
	}
	blocks := []slack.Block{section(mrkdwn(short(Clean(what), maxHeader)) +
		" is marked as solved. Say what fixed it, and the next person is helped sooner. You may leave this empty.")}
	if choices := fixChoices(d, first); len(choices) > 0 {
		choices = append(choices, slack.NewOptionBlockObject(FixedOther, plainText("Something else"), nil))
		var element slack.BlockElement
		if len(choices) <= maxRadios {
			element = slack.NewRadioButtonsBlockElement(FormValue, choices...)
		} else {
			element = slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plainText("Choose a cause"), FormValue, choices...)
		}
		blocks = append(blocks, input(FixedCause, "What was it", "", element))
	}
	words := slack.NewPlainTextInputBlockElement(plainText("Restarted the app after the policy was changed"), FormValue).WithMaxLength(maxWords)
	blocks = append(blocks, input(FixedWords, "In your own words", "It is shown in the thread. Leave out names and secrets.", words))
	return Screen{Modal: &slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: CallbackFixed, Title: plainText("What fixed it?"), Submit: plainText("Save"), Close: plainText("Skip"),
		PrivateMetadata: key, Blocks: slack.Blocks{BlockSet: blocks},
	}}
}

// fixChoices are the causes of a runbook in its own words, the likely ones first: those in first, then confirmed and possible
// ones, last those that are ruled out.
func fixChoices(d runbooks.Diagnosis, first []string) []*slack.OptionBlockObject {
	if d.Runbook == nil {
		return nil
	}
	order := slices.Clone(first)
	for _, v := range []runbooks.Verdict{runbooks.Confirmed, runbooks.Possible, runbooks.NotChecked, runbooks.RuledOut} {
		for _, f := range d.With(v) {
			order = append(order, f.ID)
		}
	}
	causes := slices.Clone(d.Runbook.Causes)
	rank := func(id string) int {
		if i := slices.Index(order, id); i >= 0 {
			return i
		}
		return len(order)
	}
	slices.SortStableFunc(causes, func(a, b runbooks.Cause) int { return rank(a.ID) - rank(b.ID) })
	var all []*slack.OptionBlockObject
	for _, c := range causes {
		says := strings.TrimRight(strings.TrimSpace(Clean(readable(c.Says))), ".")
		if says == "" || c.ID == "" || len(all) == maxOptions-1 {
			continue
		}
		all = append(all, slack.NewOptionBlockObject(c.ID, plainText(short(capital(says), maxOption)), nil))
	}
	return all
}

// windowsName is an account as Windows writes it.
var windowsName = regexp.MustCompile(`[A-Za-z0-9][A-Za-z0-9.-]*\\[A-Za-z0-9._$-]+`)

// FixWords is what somebody wrote of what fixed a case, fit to be kept and shown: one line without secrets, addresses and account
// names, at most 300 characters.
func FixWords(s string) string {
	s = aadsts.Redact(Clean(s))
	s = anyAddress.ReplaceAllString(s, "(somebody)")
	s = windowsName.ReplaceAllString(s, "(somebody)")
	return short(strings.Join(strings.Fields(s), " "), maxWords)
}
