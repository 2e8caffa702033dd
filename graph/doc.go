// Package graph is the edge to Microsoft Entra: it reads a tenant through Microsoft Graph and hands out plain facts.
//
// It is the only importer of msgraph-sdk-go and azidentity, and it only reads: its transport refuses every request that
// is not a GET, but for the batches of GETs that it builds itself. cmd builds a [Tenant] from the environment and gives it to handlers, which see one small interface of
// their own and never this package, because it drags in minutes of compiling.
//
// [Tenant.Collect] answers one [facts.Query]. It never fails: whatever goes wrong is the state of the fact that it
// concerns. One file a resource: user.go, mfa.go, methods.go, domain.go, federation.go, signin.go, recent.go, spread.go,
// policies.go, providers.go. Under them lie client.go (requests), credential.go (tokens), errors.go (what a refusal means), budget.go
// (Graph's limits), cache.go (one set of calls for ten pastes), batch.go (requests that start together go out as one), and for the
// sign-in log logbook.go (what one diagnosis reads of it), lookup.go (what several wait for goes out as one) and log.go (a search).
//
// The SDK builds, signs and retries each request, but answers are always taken as bytes first: the SDK's errors panic on
// some bodies, and its models lose enumeration values that they do not know. Where they lose nothing (users, domains,
// methods) the bytes are parsed with the models.
package graph
