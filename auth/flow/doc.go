// Package flow holds the ways to log in. Each is a struct whose zero fields mean
// "take it from the configuration" and that implements [auth.Flow].
//
// People log in with a browser ([PKCE]), with a browser on another machine
// ([DeviceCode]), or with the one that fits the environment ([Auto]); [Stored] refreshes
// a login that was made in one of these ways, without a person. Machines have a client of
// their own ([ClientCredentials], by secret, private key or assertion), exchange a token
// that was issued to them ([TokenExchange]), read one from a file ([TokenFile]) or from a
// program ([Command]), or hold one already ([Static]). [Password] is for servers that
// support nothing better. [Func] makes a function a flow.
//
// All share one client for the authorization server, which never follows a redirect,
// reads at most 1 MiB, and keeps every secret out of its errors. Tokens are refreshed
// and revoked at the server that issued them and sent to no other ([OriginError]).
//
// Start with a literal and give it to auth.New, or to a client set's options:
//
//	flow.ClientCredentials{ClientID: "batch", Secret: flow.SecretFile("/run/secrets/batch")}
package flow
