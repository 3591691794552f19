// Package auth caches credentials and refreshes them with a single request in
// flight.
//
// An [Authenticator] holds the access token that calls carry. An interceptor asks it
// for another one when the server has answered Unauthenticated. The Authenticator
// decides whether that takes a request (another call may have replaced the token
// already), and makes one request for all callers; its [Flow] decides how. A [Store]
// keeps the login between runs, and of several processes that share a login only one
// refreshes it. [Terminal] shows a person how to log in.
//
// Start with [New]. The ways to log in are in package auth/flow, the stores in
// auth/tokenstore.
package auth
