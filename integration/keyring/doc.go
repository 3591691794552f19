// Package keyring tests stores of logins with a real Secret Service, and with one that is
// locked, missing, stopped, or waiting for a person who does not answer.
//
// The library below tokenstore.KeyringStore holds one connection to the session bus for
// a whole process. So each test runs itself again, in a process and on a session
// bus of its own.
package keyring
