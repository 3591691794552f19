package interceptors

import (
	"fmt"
	"net/http"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// rejection names the credentials that an answer did not accept.
type rejection int

const (
	notRejected rejection = iota
	mainRejected
	proxyRejected
)

// rejectionIn classifies an answer. Unauthenticated rejects the main credentials, as
// does the login page, or the redirect to one, that a proxy sends in place of a gRPC
// answer; 407 rejects the proxy's. An application's own Unknown, and PermissionDenied,
// reject neither: other credentials of the same login would not help.
func rejectionIn(err error) rejection {
	if isOwn(err) { // of another interceptor of this package, nearer to the wire
		return notRejected
	}
	st, ok := status.FromError(err)
	if !ok {
		return notRejected
	}
	switch st.Code() {
	case codes.Unauthenticated:
		// gRPC itself makes these two for credentials in the caller's own options.
		if strings.HasPrefix(st.Message(), "transport: per-RPC creds failed due to error: ") ||
			st.Message() == "transport: cannot send secure credentials on an insecure connection" {
			return notRejected
		}
		return mainRejected
	case codes.Unknown:
		return httpRejection(st.Message())
	}
	return notRejected
}

// httpRejection parses the message that gRPC's transport makes of an answer that
// is not gRPC:
//
//	unexpected HTTP status code received from server: 302 (Found); malformed header: missing HTTP content-type
func httpRejection(message string) rejection {
	for _, code := range []int{
		http.StatusOK, http.StatusProxyAuthRequired,
		http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect,
	} {
		rest, ok := strings.CutPrefix(message,
			fmt.Sprintf("unexpected HTTP status code received from server: %d (%s); ", code, http.StatusText(code)))
		if !ok {
			continue
		}
		contentType, hasType := strings.CutPrefix(rest, `transport: received unexpected content-type "`)
		if !hasType && !strings.HasPrefix(rest, "malformed header: missing HTTP content-type") {
			return notRejected
		}
		switch {
		case code == http.StatusProxyAuthRequired:
			return proxyRejected
		case code == http.StatusOK && !isHTML(contentType):
			return notRejected
		}
		return mainRejected
	}
	return notRejected
}

// isHTML reports whether a content type, up to and with its closing quote, is HTML.
func isHTML(quoted string) bool {
	end := strings.IndexAny(quoted, `"; `)
	return end >= 0 && strings.EqualFold(quoted[:end], "text/html")
}
