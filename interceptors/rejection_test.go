package interceptors

import (
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestHTTPAnswersAreClassified(t *testing.T) {
	t.Parallel()
	const (
		prefix = "unexpected HTTP status code received from server: "
		html   = `; transport: received unexpected content-type "text/html; charset=utf-8"`
		none   = "; malformed header: missing HTTP content-type"
	)
	for message, want := range map[string]rejection{
		prefix + "200 (OK)" + html: mainRejected,
		prefix + `200 (OK); transport: received unexpected content-type "text/html"` + "\ndata: \"<html>\"": mainRejected,
		prefix + `200 (OK); transport: received unexpected content-type "Text/HTML"`:                        mainRejected,
		prefix + `200 (OK); transport: received unexpected content-type "text/htmlx"`:                       notRejected,
		prefix + `200 (OK); transport: received unexpected content-type "application/json"`:                 notRejected,
		prefix + `200 (OK); transport: received unexpected content-type "text/html`:                         notRejected,
		prefix + "200 (OK)" + none:                               notRejected,
		prefix + "200 (Fine)" + html:                             notRejected,
		prefix + "301 (Moved Permanently)" + html:                mainRejected,
		prefix + "302 (Found)" + none:                            mainRejected,
		prefix + "303 (See Other)" + html:                        mainRejected,
		prefix + "304 (Not Modified)" + none:                     notRejected,
		prefix + "307 (Temporary Redirect)" + none:               mainRejected,
		prefix + "308 (Permanent Redirect)" + html:               mainRejected,
		prefix + "302 (Found)":                                   notRejected,
		prefix + "302 (Found); something else":                   notRejected,
		prefix + "302":                                           notRejected,
		prefix + "407 (Proxy Authentication Required)" + html:    proxyRejected,
		prefix + "407 (Proxy Authentication Required); whatever": notRejected,
		prefix + "500 (Internal Server Error)" + html:            notRejected,
		prefix: notRejected,
		"":     notRejected,
		"my backend said: " + prefix + "302 (Found)" + html: notRejected,
	} {
		if got := rejectionIn(status.Error(codes.Unknown, message)); got != want {
			t.Errorf("%q: got %d, want %d", message, got, want)
		}
		if got := rejectionIn(status.Error(codes.Internal, message)); got != notRejected {
			t.Errorf("%q as Internal: got %d", message, got)
		}
	}
}

func FuzzHTTPRejection(f *testing.F) {
	f.Add(`unexpected HTTP status code received from server: 200 (OK); transport: received unexpected content-type "text/html"`)
	f.Add("unexpected HTTP status code received from server: 302 (Found); malformed header: missing HTTP content-type")
	f.Fuzz(func(t *testing.T, message string) {
		if httpRejection(message) != notRejected && !strings.HasPrefix(message, "unexpected HTTP status code received from server: ") {
			t.Errorf("took %q for the transport's", message)
		}
	})
}
