// Package runbooks is the knowledge: what each AADSTS code means, what may cause it, how that is told from facts, and
// who mends it how.
//
// A [Book] holds one [Runbook] a code (codes/NNNNN.md, embedded, overlaid by the operator's own folder) and the
// catalogue of all known codes. [Book.Diagnose] evaluates the causes of a runbook over a facts.Report: every cause is a
// CEL expression, and what was not read goes in as a CEL unknown, so that a cause comes out confirmed, ruled out, or not
// checkable with the reason. The package is pure: it reads no network, posts nothing and logs nothing. handlers and
// cmd call it.
package runbooks
