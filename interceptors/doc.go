// Package interceptors attaches credentials to gRPC calls and repeats a call, once,
// when the server rejected them: with Unauthenticated, or with the HTTP answer of a
// proxy that means the same. Package clientset decides about all other retries.
//
// A [Source] owns the credentials. The interceptors get them from it before every
// call, attach them as metadata (replacing values of the same key) and have it refresh
// them when the server answers Unauthenticated. They then make the call a second time
// with the new credentials; a stream likewise, as long as no response message has
// reached the caller. They also attach request metadata, such as an x-request-id. The
// metadata is prepared when the credentials change, so that an ordinary call costs
// little more than one context.
//
// Install [UnaryClientAuth] and [StreamClientAuth] innermost, after all other
// interceptors of the connection. Package serverauth checks credentials on a server.
package interceptors
