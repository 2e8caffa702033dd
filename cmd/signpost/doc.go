/*
Signpost is a Slack bot for the people who answer "I can't sign in". Somebody pastes a Microsoft Entra error (an AADSTS
code) into a support channel; in the thread Signpost answers with the runbook that fits and a diagnosis that is filled in
from Microsoft Graph. It only ever reads the tenant.

This page is the tour of the house, from the ground up. Read it with the code beside it; it takes ten minutes.

# Finding errors in text: runbooks/aadsts

aadsts.Find takes any text that people paste and returns the errors in it: code, ids, time, tenant, app, person. It is
pure and uses the standard library only. Nearly every message holds no error, so it looks for a cheap anchor first and
only then reads closely. codes.tsv beside it is the catalogue of all codes that we know of; aadsts.Primary uses its
parents to say which of several codes the answer is led by.

# What can be known: graph/facts

facts.Report holds everything that was read for one error, as plain Go structs. Every fact carries its truth: seen,
absent, not permitted, not licensed, not yet, failed, not asked. Nothing else in the house speaks of Graph's own types.

# The knowledge: runbooks

One Markdown file a code in runbooks/codes, laid over by the operator's own folder. Each cause of a runbook is a CEL
expression over the facts; a field that was not read goes in as a CEL unknown, so Book.Diagnose finds each cause
confirmed, ruled out, or not checkable with the reason, without a second mechanism. Lint holds every file to the rules.

# Reading the tenant: graph

graph.Tenant.Collect answers one facts.Query: who is it about, then every read side by side, within Microsoft's limits,
and each failure as the state of the fact that it concerns. Only GET leaves it, several of them in one $batch where they
go out together. One file a resource. What rests on several facts at once (which of a policy's conditions matched, whether
anything that a person holds passes it, which redirect URI is nearest) facts.Report.Relate works out from what was read. graph/tenantfake is
an Entra tenant made up in process, over TLS, for the tests and the demo.

# What is said, and to whom: handlers

handlers.Desk brings an error, the book and the tenant together. Compose writes a Page from a diagnosis, with as much as
the place may hold; Draw makes Slack blocks of it, Print terminal text, Explain JSON. Gate asks Slack who may see what,
and refuses whatever it cannot find out.

# Running: bot

Socket or HTTP receives an envelope, Decode makes an Event of it, Dispatch stores the case as a job, and only then is
the envelope acknowledged. Worker works on cases: it posts the first answer from the text alone, reads the tenant, and
edits the same message. bot/store keeps cases and the audit trail, bot/jobs the durable queue (River) on SQLite or
PostgreSQL. bot/slackfake is a Slack workspace made up in process, for the tests and the demo.

What leaves for Slack passes Outlet, and nothing else does: what a message holds (handlers.Content) is held there against
who can read it at that moment. The other surfaces meet in the same places: command.go and asked*.go understand what
somebody typed, mention.go what they wrote to the bot, click.go, solve.go, handover.go and feedback.go are the buttons of an
answer, shortcut.go and form.go the modal ways in, home*.go the Home tab, storm*.go one incident for many people, guard.go
and memory.go what is said of an account beside its error, federation*.go and report.go the scheduled posts. Whoever asks is
answered by Dispatch.answerFor (reader.go), which decides how much they may see.

# From paste to reply

Follow the calls: bot.Socket → Dispatch.Deliver → aadsts.Find → jobs.Queue.Open → (ack) → Worker.Answer → Desk.Offline →
Compose → Draw → Thread.Post → Desk.Diagnose → graph.Tenant.Collect → Book.Diagnose → Thread.Edit; Worker.Late comes back
for a sign-in row that had not arrived, Worker.Watched for the success that a fix should bring.

# The command line: cmd/signpost

One file a subcommand. `signpost demo` runs all of the above against the two fakes; `signpost explain` is the middle
without Slack.
*/
package main
