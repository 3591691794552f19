package peer

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestOnlyAProtocolThatWasAskedForIsSwitchedTo(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for name, tc := range map[string]struct {
		status  int
		upgrade string
		err     error
		want    error
	}{
		"another answer":     {http.StatusOK, "", nil, nil},
		"what was asked for": {http.StatusSwitchingProtocols, "websocket", nil, nil},
		"what was not":       {http.StatusSwitchingProtocols, "", nil, errUnasked},
		"no answer":          {0, "", broken, broken},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://h.example.com", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if tc.upgrade != "" {
			r.Header.Set("Upgrade", tc.upgrade)
		}
		var answer *http.Response
		if tc.status != 0 {
			answer = &http.Response{StatusCode: tc.status, Body: io.NopCloser(strings.NewReader(""))}
		}
		got, err := Unasked(r, answer, tc.err) //nolint:bodyclose // it is none
		if !errors.Is(err, tc.want) || (got == nil) != (tc.want != nil) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}
