// Package federation checks the trust between Entra and the identity provider of a federated domain.
//
// It has three parts. [Reader] reads what identity providers publish: federation metadata, the TLS certificates of their
// endpoints, and Microsoft's getuserrealm as an independent witness. It goes only where the trust or the configuration
// points, and whatever comes back may be hostile. [ParseMetadata] and [ParseCertificate] make plain facts of documents. [Check]
// is pure: it judges facts and returns findings, worst first.
//
// The package asks Graph for nothing and keeps no history: graph reads the trust, and whoever runs the checks hands in the last
// approved baseline.
package federation
