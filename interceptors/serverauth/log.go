package serverauth

import (
	"context"
	"log/slog"
	"net/url"
	"strings"

	"google.golang.org/grpc/codes"
)

// minSecret is the shortest value, in bytes, that is treated as a secret; shorter
// ones, such as a cookie "lang=en", occur in many words.
const minSecret = 6

// log reports an error of the verifier to the operator of the service; the caller
// receives only what publicError returns.
func (c *config) log(ctx context.Context, p Presented, code codes.Code, err error) {
	level, message := slog.LevelWarn, "credential could not be checked"
	switch code {
	case codes.Unauthenticated, codes.PermissionDenied:
		level, message = slog.LevelInfo, "credential refused"
	case codes.Canceled, codes.DeadlineExceeded:
		level = slog.LevelDebug
	}
	if !c.logger.Enabled(ctx, level) {
		return
	}
	c.logger.Log(ctx, level, message, "method", p.Method, "code", code.String(), "error", p.withoutSecrets(err.Error()))
}

// withoutSecrets returns text, unless it contains a secret of p, in clear or as it
// stands in a URL. A verifier of another package may not keep it out of its errors.
func (p Presented) withoutSecrets(text string) string {
	secrets := []string{p.Token}
	for _, cookie := range p.Cookies {
		secrets = append(secrets, cookie.Value)
	}
	for _, secret := range secrets {
		if len(secret) < minSecret {
			continue
		}
		for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret)} {
			if strings.Contains(text, form) {
				return "(withheld: the text contains the credential)"
			}
		}
	}
	return text
}
