// Package httpauth attaches credentials to HTTP requests and sends a request once more
// when the server rejected them. It is for HTTP what package interceptors is for gRPC,
// and both can share one [Source], so that one login serves both.
//
// Call [New] for an [http.RoundTripper] around another one. It sends credentials to the
// origins of [WithOrigins] and to no other server, whatever a redirect says. Which answer
// is a rejection is a [Rule], because systems differ: some answer 403, some redirect to a
// login page. A request is sent again only if its body can be: without a body, or with
// GetBody. Nothing is buffered, so that uploads, downloads, events and upgraded
// connections pass through as they come; docs/http.md has the table of what is repeated.
package httpauth
