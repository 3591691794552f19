// Package tokenstore stores logins: in the keyring of the operating system, in
// files that only their owner can read, or in memory.
//
// Each of [KeyringStore], [FileStore] and [MemoryStore] is an [auth.Store] by itself.
// [FlyteTools] is a KeyringStore that shares logins with Flyte's own tools. A
// [FallbackStore] writes to the first of several stores that works; a login stays in
// the store to which it was written. [Default] returns the usual one. All of them lock
// a login while it is replaced ([auth.Locker]), so that of all processes that share a
// refresh token only one sends it.
//
// Start with [Default], as clientset does. Errors are or wrap an [*auth.Error].
package tokenstore
