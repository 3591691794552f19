// Package auth holds credentials and renews them once for everybody.
//
// An [Authenticator] sits between the calls that need a token and the [Flow]
// that knows how to get one. The interceptor says when (the server answered
// Unauthenticated), the Authenticator says whether (has someone already
// replaced this credential?) and once, the flow says how. A [Store] remembers
// the result between runs, and of several processes with one login only one
// renews it.
//
// Start with [New] and [DefaultStore]; the ways to log in are in package auth/flow.
package auth
