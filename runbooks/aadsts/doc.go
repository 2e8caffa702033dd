// Package aadsts finds Microsoft Entra sign-in errors in text: the AADSTS codes that people paste into a support
// channel, with the ids, the time, the tenant, the application and the user that the text tells of them. It also finds
// secrets that stand beside such errors, so that they can be hidden, and holds the table of known codes.
//
// The way of a text through the package:
//
//   - [Find] first asks mayHold (anchor.go), one scan over the raw bytes without allocation. Nearly every chat message
//     ends there.
//   - normalize (normalize.go, markup.go) takes off what copying puts on: JSON escapes at any depth, URL encoding, HTML
//     entities and tags, Slack's link markup, invisible characters, quote marks of mails, indentation. A fixed number of
//     passes, each linear.
//   - scan (scan.go, bare.go, words.go, person.go) reads the clean text once and notes every code and every field; grid.go and
//     portal.go read sign-in logs that were copied as a table or as the portal's pane.
//   - assign (blocks.go, assign.go) gives each field to the error that it belongs to; readMessage (message.go, unquoted.go,
//     leftover.go) reads tenant, application and user out of Entra's sentences.
//   - labels.go holds the words, in the languages that Entra speaks, that all of them compare with.
//
// [Stream] does the same for a text of any length, window by window. [Primary] picks the error that leads an answer.
// [FindSecrets] works on the raw text, so that its offsets hold there.
//
// The package is pure: no network, no clock, no state, standard library only. It does not know what a code means beyond
// the table's one line; that is the work of package runbooks, which calls it, as do the handlers and the commands
// `signpost parse` and `signpost explain`.
//
// Codes are described at https://learn.microsoft.com/entra/identity-platform/reference-error-codes.
package aadsts
