// Package integration holds tests of jetway against real parts: other people's
// authorization servers, a browser, a keyring. It is a module of its own, so that
// none of what they need reaches a program that uses jetway.
//
// `make integration` in the directory above installs what is missing and runs
// them; nothing here is ever skipped. Package login has one suite of logins for
// three authorization servers, package keyring a Secret Service in every state
// that it can be in.
package integration
