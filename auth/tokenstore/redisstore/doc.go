// Package redisstore stores logins in Redis, for programs on many machines that share one:
// of all of them one at a time refreshes it, and the others use the result.
//
// A [Store] is an [auth.Store] over a client of go-redis, which may speak to one server, to
// one that Sentinel names or to a Cluster, and whose options hold TLS and the ACL user.
// Values are sealed with AES-256-GCM under keys that Redis never has ([Keys]), so neither a
// dump nor the traffic shows a token, and a value that was moved to another key does not
// open. The lock on a login is a lease: its holder extends it, and what a holder stores
// after the lease was lost replaces nothing newer. A holder that is suspended or cut off, and may
// have sent the refresh token, is waited for. Where Redis cannot be used, Lock returns
// an error that wraps [auth.ErrLeaseRequired], and no refresh token is sent. A logout is
// stored, so that no other process puts the login back.
//
// Start with [New]. Errors are or wrap an [*auth.Error].
package redisstore
