package handlers

import (
	"unicode/utf8"

	"github.com/slack-go/slack"
)

// controls is the row of buttons or, once the case has ended, the line that says how.
func (b Buttons) controls() slack.Block {
	if b.Ended != "" {
		return slack.NewContextBlock(freshID(endedBlock), markdown(shortMarked(b.Ended, maxContext)))
	}
	return slack.NewActionBlock("", elements(b.row())...)
}

// size is how many characters the controls count against the limit of a message.
func (b Buttons) size() int {
	n := 0
	if b.Feedback {
		n = 120
	}
	if b.Ended != "" {
		return n + utf8.RuneCountInString(b.Ended)
	}
	for _, e := range b.row() {
		n += utf8.RuneCountInString(e.Text.Text) + utf8.RuneCountInString(e.AccessibilityLabel)
		if e.Confirm != nil {
			n += utf8.RuneCountInString(e.Confirm.Title.Text + e.Confirm.Text.Text + e.Confirm.Confirm.Text + e.Confirm.Deny.Text)
		}
	}
	return n
}

func (b Buttons) row() []*slack.ButtonBlockElement {
	button := func(action, label, alt string, style slack.Style) *slack.ButtonBlockElement {
		e := slack.NewButtonBlockElement(action, short(b.Key, maxValue), plainText(label))
		e.AccessibilityLabel = alt
		e.Style = style
		return e
	}
	row := []*slack.ButtonBlockElement{button(ActionSolved, "Solved", "Mark this error as solved", slack.StylePrimary)}
	if !b.Handed {
		stuck := button(ActionStuck, "Still stuck", "Hand this error to the identity team", "")
		// https://docs.slack.dev/reference/block-kit/composition-objects/confirmation-dialog-object
		stuck.Confirm = slack.NewConfirmationBlockObject(plainText("Hand this over?"),
			plainText("The identity team gets one post with this error, what is known of it, and a link to this thread."),
			plainText("Hand over"), plainText("Cancel"))
		row = append(row, stuck)
	}
	if b.Show {
		row = append(row, button(ActionShow, "Show diagnosis", "Show the diagnosis privately to you", ""))
	}
	return append(row, button(ActionSupport, "Copy for Microsoft support", "Show the ids and times for a support request privately to you", ""))
}

// What a press of a feedback button gives back, before the case's key.
const (
	FeedbackHelpful   = "helpful"
	FeedbackUnhelpful = "unhelpful"
)

// feedback asks whether the answer helped. https://docs.slack.dev/reference/block-kit/block-elements/feedback-buttons-element
func (b Buttons) feedback() slack.Block {
	button := func(verb, label, alt string) *slack.FeedbackButton {
		return slack.NewFeedbackButton(plainText(label), short(verb+" "+b.Key, maxValue)).WithAccessibilityLabel(alt)
	}
	return slack.NewContextActionsBlock("", slack.NewFeedbackButtonsBlockElement(ActionFeedback,
		button(FeedbackHelpful, "Helpful", "Say that this answer was helpful"), button(FeedbackUnhelpful, "Not helpful", "Say that this answer was not helpful")))
}

func elements(row []*slack.ButtonBlockElement) []slack.BlockElement {
	var all []slack.BlockElement
	for _, e := range row {
		all = append(all, e)
	}
	return all
}
