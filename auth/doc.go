// Package auth caches credentials and refreshes them with a single request in
// flight.
//
// An [Authenticator] stands between the calls that need a token and the [Flow] that
// obtains one. The interceptor decides when (the server answered Unauthenticated), the
// Authenticator decides whether (has the token expired, was it replaced already?) and
// does it once, the flow decides how. A [Store] keeps the login between runs; of several
// processes with one login only one refreshes it. A [Terminal] shows a person how to log
// in.
//
// Start with [New]. The ways to log in are in package auth/flow, the stores in
// auth/tokenstore.
package auth
