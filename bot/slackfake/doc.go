// Package slackfake is a fake Slack workspace on a loopback port: the Web API, Socket Mode and HTTP event delivery, with the people,
// channels, messages and files behind them. The tests drive the real slack-go client against it and `signpost demo` runs the whole bot
// on it. It never imports slack-go, so that a mistake of the client cannot hide in the fake, and it never logs.
//
//	fake := slackfake.New(slackfake.Options{})
//	defer fake.Close()
//	api := slack.New(fake.BotToken(), slack.OptionAppLevelToken(fake.AppToken()), slack.OptionAPIURL(fake.APIURL()))
//	… start the bot …
//	ts := fake.Post("C0SUPPORT", "U0BOB", "AADSTS50076: …")
//	err := fake.Wait(ctx, func(s *slackfake.Snapshot) bool { return len(s.Thread("C0SUPPORT", ts)) > 1 })
//
// The zero Options give a small workspace of Contoso; see [Contoso].
//
// # Time
//
// All of Slack's deadlines (3 s for an ack, 3 s for a trigger, 30 min for a response_url, rate limits, retries after 1 and 5 minutes) are
// read from Options.Now. They are looked at on every request, each Options.Tick of real time, and whenever [Server.Tick] is called. Only
// WebSocket pings, the 3 s that an HTTP endpoint has to answer and the time in signatures run on the real clock.
//
// # How true it is
//
// Read in Slack's documents or in recordings of its answers: the methods' arguments, errors, scopes and rate tiers; the limits of Block Kit
// (limits.go names the source of each) and the JSON pointers of invalid_blocks; the Events API envelope, retries, signatures, Socket Mode
// frames; that text without blocks in chat.update removes blocks; that scheduled messages with metadata never post; that a deleted
// thread parent lets a reply fall to the top level; that an event which arose while no socket was open comes only as a retry; that
// Socket Mode answers of 20 KB or more vanish.
//
// Seen only in other people's reports: the total of about 13,200 characters of block text; a redelivery after about 3 s with the reason
// "timeout"; tombstones; the shape of forwarded messages and of integrations' posts; bare domains turned into links.
//
// Inference or memory, kept because a bot must survive it either way: links inside code blocks are on (NoLinks turns them off); a tombstone
// counts as a deleted parent; the spacing of the second and third Socket Mode retry is that of HTTP; the burst that chat.postMessage
// tolerates; the fake's size limit of metadata; the wording of response_url errors and of the warnings about charsets; the text that a post
// of blocks without text gets; how much of a snippet is its preview; a reply to a reply is refused with cannot_reply_to_message, where Slack
// merely advises against it. Where two of Slack's pages disagree (names of the trigger errors, tier of apps.connections.open), the method's own
// page and the newer one are followed.
//
// Not here: every method that is not in the table of methods.go answers unknown_method, also where Slack knows it; streaming, canvases,
// lists, workflows, user tokens, OAuth, Enterprise Grid beyond ids; search; unfurling by itself (see [Server.Unfurl]); mrkdwn of the bot's
// own posts is stored as sent, whereas Slack rewrites links in it. Newer block types (cards, carousels, charts, containers) are checked for
// their counts only. Characters are counted as Unicode code points.
package slackfake
