// Package interceptors puts credentials on gRPC calls and tries a call again,
// once, when the server rejected them, as Unauthenticated or by the HTTP answer of a
// proxy that means the same. Retries for any other reason are clientset's.
//
// A [Source] owns the credentials. The interceptors ask it before every call,
// attach what it gives as metadata (replacing, never adding to, what is there)
// and tell it when the server answers Unauthenticated. The call is then made a
// second time with the replacement; a stream likewise, as long as no response
// message has reached the caller. The same pass writes the request metadata that
// goes with every call, such as an x-request-id, so that a warm call costs one
// context around metadata that was prepared when the credentials changed.
//
// Install [UnaryClientAuth] and [StreamClientAuth] innermost, after all other
// interceptors of the connection. The other half of the job, checking
// credentials on a server, is package serverauth.
package interceptors
