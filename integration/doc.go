// Package integration holds tests of jetway with real counterparts:
// authorization servers of other projects, a browser, a keyring, a JupyterHub. It is a module of
// its own, so that a program that uses jetway links none of what they need.
//
// `make integration` in the directory above installs what is missing and runs
// them; no test is skipped. Package login has one suite of logins for
// three authorization servers, package keyring a Secret Service in every state
// that it can be in, package languages clients in TypeScript and Python, package
// hub a JupyterHub with services of ours, package dexproxy Dex behind an
// oauth2-proxy.
package integration
