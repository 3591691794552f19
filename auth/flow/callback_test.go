package flow

import (
	"errors"
	"strings"
	"testing"
)

// A pasted address that lost its end is no mix-up of servers, and the login waits on.
func TestPastedAddressSaysWhichPartIsMissing(t *testing.T) {
	t.Parallel()
	c := callback{state: "state-canary", issuer: "https://honest.as.example", issRequired: true, host: "idp.example"}
	for line, want := range map[string]string{
		"?code=c&state=state-canary&iss=https://honest.as.exam":         "cut off: iss=",
		"?code=c&state=state-canary&iss=":                               "cut off: iss=",
		"?code=c&state=state-canary":                                    "cut off: iss=",
		"?code=c&iss=https://honest.as.example&state=state-can":         "cut off: state=",
		"?iss=https://honest.as.example&state=state-canary":             "cut off: code=",
		"?iss=https://honest.as.example&code=c&state=state-canary-more": "another login",
	} {
		code, err := c.pasted("http://127.0.0.1:1/callback" + line)
		if code != "" || !errors.Is(err, errStray) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %q, %v; want %q", line, code, err, want)
		}
	}
	if code, err := c.pasted("?code=c&state=state-canary&iss=https://honest.as.example"); code != "c" || err != nil {
		t.Errorf("the whole address: %q, %v", code, err)
	}
	if _, err := c.pasted("?code=c&state=state-canary&iss=https://evil.example"); err == nil || errors.Is(err, errStray) {
		t.Errorf("another server: %v", err)
	}
}
