package flow

import (
	"net/http"
	"testing"
)

// A flow that was given no client finds out all the same that the authorization server is
// gone: its connections are pinged, and none is kept for a later request.
func TestRequestsWithoutAClientPingTheirConnections(t *testing.T) {
	t.Parallel()
	transport, ok := transportOf(nil).(*http.Transport)
	if !ok || transport.HTTP2 == nil || transport.HTTP2.SendPingTimeout <= 0 || !transport.DisableKeepAlives {
		t.Errorf("the transport is %#v", transport)
	}
}
