package doctor

import (
	"net/http"
	"slices"
)

// Advice that several steps give.
const (
	logIn = "ClientSet.Login with a flow for people, such as flow.Auto"
	// wantsLogin is for a backend that rejects calls without credentials.
	wantsLogin = "the backend wants a login: " + logIn + "; a machine needs WithFlow or an API key"
	// gatewayAdvice is for [isGateway].
	gatewayAdvice = "a proxy, or load balancer, answers that it cannot reach the backend behind it: is that running?"
	inAFile       = "or keep the login in a file: WithStore(&tokenstore.FileStore{})"
	otherDirs     = "or name other directories: WithStore(&tokenstore.FileStore{Dir: …, LockDir: …})"
)

// isGateway reports whether a status is that of a proxy without an answer of the server
// behind it (RFC 9110 §15.6).
func isGateway(code int) bool {
	return slices.Contains([]int{http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}, code)
}
