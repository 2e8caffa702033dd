// Package tenantfake is a fake Entra tenant in one process: token endpoint, OpenID discovery and Microsoft Graph over TLS
// on loopback. It is for tests and for `signpost demo`; it is no tenant, and proves nothing about Microsoft's service
// beyond what its documentation says.
//
// What it has is data: a [State] of Graph's own JSON objects, built in Go, loaded with [Load], or made by [Demo]. What it
// does is as Microsoft documents or as it was seen to behave: permissions of the token decide, with the error texts of each
// service; sign-ins need a premium licence; v1.0 knows interactive sign-ins only; limits are enforced with 429; filters,
// selection and paging work as far as the client, and likely other clients, use them. [Server.Break] adds faults.
//
// It takes nothing but GET at Graph, and $batch of GETs. Everything else is refused and recorded ([Server.Violations]).
package tenantfake
