// Package keyring keeps logins in a real Secret Service, and in one that is
// locked, missing, dead, or waits for a person who never comes.
//
// The library below tokenstore.KeyringStore holds one connection to the session bus for
// a whole process. So each test runs itself again, in a process and on a session
// bus of its own.
package keyring
