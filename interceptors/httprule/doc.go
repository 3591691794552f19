// Package httprule lets generated gRPC stubs call a server that speaks JSON over HTTP, such
// as a grpc-gateway, for where only HTTP gets through: an ingress, a proxy with a login, a
// corporate network. The google.api.http option of a method says its verb, path, query,
// body and response body; the package reads that option from the method's descriptor, so
// the stub and the code around it stay as they are.
//
// Call [New] for a grpc.ClientConnInterface over an [http.Client]. The login belongs into
// the client's RoundTripper, for instance that of interceptors/httpauth; gRPC interceptors
// are not part of such a connection. Calls are unary: a stream answers Unimplemented.
//
// # Requests
//
// The first binding of a rule is used, additional ones are for other clients. Fields in the
// path are escaped once, and a call whose field is empty, does not match its pattern, or
// has a segment "." or ".." is refused with InvalidArgument before it is sent: a server
// would take it for another method. A slash in a field of one segment is sent as %2F, which a
// grpc-gateway with the default of WithUnescapingMode reads as a slash, and so maybe as the
// path of another method: check ids of unknown origin. Fields that are neither in the path nor in the body
// become query parameters: a.b for nested ones, a parameter for each element of a list,
// field[key] for maps, enums by name, well-known types in their JSON form, and field masks
// as they are, since gateways do not translate those. What a query cannot hold, such as a
// list of messages, is refused; a message without fields is left out.
//
// A body field that is not set is sent as an empty body, of which a gateway makes a message
// without fields. An enum that is the body is sent by its number, and a 64-bit number there
// without quotes, since a grpc-gateway takes no others. It reads no google.api.HttpBody as
// Google's servers do: see [WithHTTPBodyAsJSON].
//
// Metadata of the context is sent as grpc-gateway reads it: with "Grpc-Metadata-" in front of
// the key, except for credentials; see [HeaderName]. A gateway of version 2.33 or later
// passes on the authorization alone, unless it has the option WithLegacyHeaderMatching.
// [WithHeaderName] changes the names. A deadline is sent as Grpc-Timeout too.
//
// # Answers
//
// Unknown fields are ignored unless [WithStrict] is given. From a gateway that writes unset
// fields, as one does with its default settings, an unset google.protobuf.Value cannot be
// told from null. Response headers are what
// grpc.Header returns, those of "Grpc-Metadata-" without that prefix; grpc.Trailer returns
// the ones of "Grpc-Trailer-", if the gateway sends any. Cookies are not among them.
//
// An error has the code, message and details of the JSON status in the answer. Without one,
// as from a proxy, its code is that of the HTTP status (see [CodeOf]), and its message says
// what came instead. A redirect is not followed: a gateway sends none, so it is one to a
// login page or to the right base. A page with status 200 is Unknown.
package httprule
