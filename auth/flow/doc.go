// Package flow holds the ways to log in. Each is a struct whose zero fields mean
// "take it from the configuration" and that implements [auth.Flow].
//
// [ClientCredentials] is for machines with an OAuth client of their own,
// [Command] runs a program that prints a token, [Static] hands out a token that
// somebody already has, and [Stored] renews a login made earlier. They share one
// client for the token endpoint, which never follows a redirect, reads at most
// 1 MiB, and keeps every secret out of its errors.
//
// Start with a literal and give it to auth.New, or to a client set's options:
//
//	flow.ClientCredentials{ClientID: "batch", Secret: flow.SecretFile("/run/secrets/batch")}
package flow
