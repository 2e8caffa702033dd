package handlers

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/slack-go/slack"
)

// What opens the form and what it sends back.
const (
	CallbackDiagnose = "diagnose" // the message shortcut
	CallbackAsk      = "ask"      // the form, once it is submitted
	ActionAsk        = "ask"      // the button that opens the form
	ActionThread     = "thread"   // the button that answers a message in its thread
)

// The fields of the form: the block ids of its inputs. Each input's action id is [FormValue].
const (
	FormError  = "error"
	FormName   = "name"
	FormPerson = "person"
	FormApp    = "app"
	FormTime   = "time"

	FormValue = "value"
)

// Slack's limits of a view. https://docs.slack.dev/surfaces/modals and, for an input,
// https://docs.slack.dev/reference/block-kit/block-elements/plain-text-input-element
const (
	maxViewBlocks = 100
	maxInput      = 3000
	maxField      = 150 // of our short inputs; names and ids are shorter
)

// AskTitle is the title of the form.
const AskTitle = "Ask about an error"

// Form asks for what a message does not tell: which error, who, which app, and when. Its fields hold what is known already.
type Form struct {
	Note   string // a plain sentence above the fields; "" for none
	Error  string // a code, or what was pasted
	Name   string // sign-in name of who cannot sign in
	Person string // the same person as a Slack user id
	App    string
	When   time.Time // zero: just now
	// Key is given back with the form. It is an opaque word and says nothing about anybody.
	Key string
}

// Screen draws the form. https://docs.slack.dev/reference/views/modal-views
func (f Form) Screen() Screen {
	text := slack.NewPlainTextInputBlockElement(plainText("AADSTS50076, or the whole error text"), FormValue).WithMultiline(true).WithMaxLength(maxInput)
	text.InitialValue = Field(f.Error)
	name := slack.NewPlainTextInputBlockElement(plainText("user@contoso.com"), FormValue).WithMaxLength(maxField)
	name.InitialValue = short(Clean(f.Name), maxField)
	person := slack.NewOptionsSelectBlockElement(slack.OptTypeUser, plainText("Choose somebody"), FormValue)
	person.InitialUser = f.Person
	app := slack.NewPlainTextInputBlockElement(plainText("The app's name, or its id"), FormValue).WithMaxLength(maxField)
	app.InitialValue = short(Clean(f.App), maxField)
	at := slack.NewDateTimePickerBlockElement(FormValue)
	if f.When.Unix() > 0 {
		at.InitialDateTime = f.When.Unix()
	}
	var blocks []slack.Block
	if note := strings.TrimSpace(Clean(f.Note)); note != "" {
		blocks = append(blocks, section(shortMarked(mrkdwn(short(note, maxContext)), maxSection)))
	}
	blocks = append(blocks,
		input(FormError, "Which error", "The whole text is best: it holds the ids that the sign-in is found by.", text),
		input(FormName, "Who cannot sign in", "Their sign-in name. Leave it empty to ask about yourself. Only agents can ask about somebody else.", name),
		input(FormPerson, "Or choose the person in Slack", "", person),
		input(FormApp, "Which app", "", app),
		input(FormTime, "When", "Leave it empty if it was just now.", at),
	)
	m := &slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: CallbackAsk, Title: plainText(AskTitle), Submit: plainText("Ask"), Close: plainText("Cancel"),
		PrivateMetadata: f.Key, Blocks: slack.Blocks{BlockSet: blocks},
	}
	return Screen{Modal: m, Holds: Content{Level: Agents}}
}

// Field makes a pasted text fit a field of the form: its lines stay, what could change how it is read goes.
func Field(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(Clean(l), " ")
	}
	return short(strings.TrimSpace(strings.Join(lines, "\n")), maxInput)
}

// input is a field that may be left empty.
func input(id, label, hint string, element slack.BlockElement) slack.Block {
	var h *slack.TextBlockObject
	if hint != "" {
		h = plainText(hint)
	}
	return slack.NewInputBlock(id, plainText(label), h, element).WithOptional(true)
}

func plainText(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, s, false, false)
}

// Modal shows a message as a modal, with further blocks after it. What does not fit is said to be left out.
func (m Message) Modal(title string, after ...slack.Block) Screen {
	blocks := m.Blocks
	if len(blocks) == 0 {
		blocks = []slack.Block{section(shortMarked(m.Text, maxSection))}
	}
	if room := maxViewBlocks - len(after); len(blocks) > room {
		blocks = append(blocks[:room-1:room-1], section("_The rest did not fit here._"))
	}
	view := &slack.ModalViewRequest{
		Type: slack.VTModal, Title: plainText(short(title, maxTitle)), Close: plainText("Close"),
		Blocks: slack.Blocks{BlockSet: append(blocks[:len(blocks):len(blocks)], after...)},
	}
	return Screen{Modal: view, Holds: m.Holds}
}

// maxTitle is the longest title of a modal.
const maxTitle = 24

// With is the message with one more line at its end, in mrkdwn. Without blocks the line goes into the text alone.
func (m Message) With(line string) Message {
	if line == "" {
		return m
	}
	if m.Text != "" {
		m.Text = shortMarked(m.Text, maxText-utf8.RuneCountInString(line)-1) + "\n"
	}
	m.Text += line
	if len(m.Blocks) > 0 {
		m.Blocks = append(m.Blocks[:len(m.Blocks):len(m.Blocks)], section(shortMarked(line, maxSection)))
	}
	return m
}

// ThreadOffer is a button that answers the message in its thread, where everybody in the channel can read it. key is what a
// click gives back, an opaque word.
func ThreadOffer(key string) []slack.Block {
	b := slack.NewButtonBlockElement(ActionThread, key, plainText("Answer in the Thread"))
	b.AccessibilityLabel = "Answer the message in its thread, for everybody in the channel"
	b.Confirm = slack.NewConfirmationBlockObject(plainText("Answer in the thread?"),
		plainText("Everybody in the channel can read the answer. It holds no more than the channel may hold."), plainText("Answer"), plainText("Cancel"))
	return []slack.Block{
		slack.NewDividerBlock(), slack.NewActionBlock("", b),
		slack.NewContextBlock("", markdown("Only you see this. The button answers everybody in the thread of the message.")),
	}
}
