package peer

import (
	"errors"
	"net/http"
)

// errUnasked has no counterpart in net/http, which hands such an answer on.
var errUnasked = errors.New("the server switches to another protocol, which it was not asked for")

// Unasked returns what a RoundTrip of r returned, or an error where the answer switches to a
// protocol that r does not ask for. The body of such an answer is the connection, and neither
// the context of the request nor the Timeout of a client ends a read of that.
func Unasked(r *http.Request, answer *http.Response, err error) (*http.Response, error) {
	if err != nil || answer.StatusCode != http.StatusSwitchingProtocols || r.Header.Get("Upgrade") != "" {
		return answer, err
	}
	_ = answer.Body.Close()
	return nil, errUnasked
}
