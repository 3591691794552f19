// Package auth caches credentials and refreshes them with a single request in
// flight.
//
// An [Authenticator] sits between the calls that need a token and the [Flow] that
// obtains one. The interceptor says when (the server answered Unauthenticated), the
// Authenticator says whether (has it expired, was it replaced already?) and once, the
// flow says how. A [Store] keeps the login between runs, and of several processes
// with one login only one refreshes it.
//
// Start with [New]. The ways to log in are in package auth/flow, the stores in
// auth/tokenstore.
package auth
