package interceptors

import (
	"context"
	"testing"

	"github.com/jetway-go/jetway/auth"
)

// one is a source with one token.
type one string

func (o one) Credentials(context.Context) (*auth.Credentials, error) {
	return &auth.Credentials{AccessToken: string(o)}, nil
}

func (o one) Refresh(context.Context, *auth.Credentials) (*auth.Credentials, error) {
	return nil, auth.ErrRejected
}

// Calls of open methods do not replace the prepared headers of other calls.
func TestPreparedHeadersAreKeptUntilTheCredentialsChange(t *testing.T) {
	t.Parallel()
	c := newClient(nil, nil)
	a, b := &auth.Credentials{AccessToken: "a"}, &auth.Credentials{AccessToken: "b"}
	get := func(main, proxy *auth.Credentials) *headers {
		t.Helper()
		h, err := c.headers(main, proxy)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	first := get(a, b)
	if get(nil, b) == first || get(a, b) != first {
		t.Error("prepared again for the same credentials")
	}
	if second := get(b, b); second == first || second.credentials["authorization"][0] != "Bearer b" {
		t.Error("not prepared again for others")
	}
}
