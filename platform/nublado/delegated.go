package nublado

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"google.golang.org/grpc/metadata"

	"github.com/jetway-go/jetway/auth/flow"
)

// Headers that an ingress of Gafaelfawr adds to the requests that it accepts, if it is
// configured to delegate tokens.
const (
	HeaderUser  = "X-Auth-Request-User"
	HeaderToken = "X-Auth-Request-Token"
)

// FromRequest returns the user who made an HTTP request, with the token that was
// delegated for it. All requests must come through the ingress, which removes these
// headers if the caller sets them.
func FromRequest(h http.Header) Source {
	return delegated{slices.Clone(h.Values(HeaderUser)), slices.Clone(h.Values(HeaderToken))}
}

// FromContext returns the user who made the gRPC call that ctx belongs to, with the
// token that was delegated for it; see [FromRequest].
func FromContext(ctx context.Context) Source {
	md, _ := metadata.FromIncomingContext(ctx)
	return delegated{md.Get(strings.ToLower(HeaderUser)), md.Get(strings.ToLower(HeaderToken))}
}

// delegated holds the values of both headers; it prints as the user.
type delegated struct{ users, tokens []string }

func (d delegated) identify(log *slog.Logger) (identity, error) {
	user, err := one(HeaderUser, d.users)
	if err != nil {
		return identity{}, err
	}
	token, err := one(HeaderToken, d.tokens)
	if err != nil {
		return identity{}, err
	}
	id, err := Service{Username: user, Token: flow.SecretValue(token)}.identify(log)
	if wrong := (*Error)(nil); errors.As(err, &wrong) {
		wrong.Input = map[string]string{"Username": HeaderUser, "Token": HeaderToken}[wrong.Input]
	}
	return id, err
}

// one returns the single value of a header. Several are an error: a caller who could add
// one could choose the user.
func one(name string, values []string) (string, error) {
	switch {
	case len(values) > 1:
		return "", &Error{Input: name, Err: fmt.Errorf("the request has %d of this header; the ingress sets one", len(values))}
	case len(values) == 0 || strings.TrimSpace(values[0]) == "":
		return "", &Error{Input: name, Err: errors.New(
			"the request has no such header: is it behind an ingress of Gafaelfawr that delegates tokens?")}
	}
	return strings.TrimSpace(values[0]), nil
}

// String returns the user.
func (d delegated) String() string { return fmt.Sprintf("delegated by %q", d.users) }

// GoString returns String, so that %#v contains no secret either.
func (d delegated) GoString() string { return d.String() }

// Format writes String, for every verb.
func (d delegated) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, d.String()) }

// MarshalText returns String, for slog and encoding/json.
func (d delegated) MarshalText() ([]byte, error) { return []byte(d.String()), nil }
