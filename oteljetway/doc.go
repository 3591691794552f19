// Package oteljetway reports logins to OpenTelemetry: metrics and spans of renewals, of calls
// that wait for a login, of tokens that servers reject, and of the store, and how long each
// login is still good for. It stands beside gRPC's own stats handler
// (google.golang.org/grpc/stats/opentelemetry), which reports calls and attempts. It is a
// module of its own, so that programs without it link no OpenTelemetry.
//
// Its attributes hold the host of the endpoint, the name of the flow, and kinds of errors:
// never a token, a user, a client, or the text of an error.
//
// Call [New] once, and give what it returns to clientset.WithObserver or auth.WithObserver.
package oteljetway
