package serverauth

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// presented reads the credential of a call. If there is none to verify, the error
// is a status that says why.
func (c *config) presented(ctx context.Context, method string) (Presented, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	p := Presented{Method: method, Metadata: md, Cookies: parseCookies(md["cookie"])}
	for _, key := range c.keys {
		values := md[key]
		switch {
		case len(values) == 0:
			continue
		case len(values) > 1:
			return Presented{}, status.Errorf(codes.Unauthenticated,
				"%d values for %q: send exactly one", len(values), key)
		}
		var ok bool
		if p.Scheme, p.Token, ok = parseCredential(values[0]); !ok {
			return Presented{}, status.Errorf(codes.Unauthenticated,
				"the value for %q is not of the form \"<scheme> <token>\" or \"<token>\"", key)
		}
		return p, nil
	}
	if len(p.Cookies) == 0 {
		return Presented{}, status.Errorf(codes.Unauthenticated,
			"no credential: send one in %s", strings.Join(c.keys, " or "))
	}
	return p, nil
}

// parseCredential splits "<scheme> <token>" or "<token>" (RFC 9110 §11.4, with
// one token and no parameters). Spaces before the scheme, after the token or inside
// it are errors.
func parseCredential(value string) (scheme, token string, ok bool) {
	before, after, two := strings.Cut(value, " ")
	if !two {
		return "", before, isWord(before)
	}
	token = strings.TrimLeft(after, " ")
	return before, token, isWord(before) && isWord(token)
}

func isWord(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != ""
}

// parseCookies reads "cookie" headers, of which HTTP/2 allows several
// (RFC 9113 §8.2.3). It omits malformed ones.
func parseCookies(values []string) []*http.Cookie {
	if len(values) == 0 {
		return nil
	}
	return (&http.Request{Header: http.Header{"Cookie": values}}).Cookies()
}

// String describes the credential without any secret.
func (p Presented) String() string {
	s := "credential for " + p.Method
	if p.Token == "" {
		s += ", without token"
	}
	if n := len(p.Cookies); n > 0 {
		s += fmt.Sprintf(", %d cookies", n)
	}
	return s
}

// GoString is String, so that %#v shows no secret either.
func (p Presented) GoString() string { return p.String() }

// Format is String for every verb.
func (p Presented) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(p.String())) }

// LogValue is String for slog.
func (p Presented) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalJSON writes the description, not the token.
func (p Presented) MarshalJSON() ([]byte, error) { return json.Marshal(p.String()) }
