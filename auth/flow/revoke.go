package flow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/configstore"
)

// revoke revokes the tokens of a login (RFC 7009): the refresh token first, which alone
// ends the login at most servers. A server that cannot is no error, and neither is one
// that no longer knows the tokens. The tokens are sent to no other server than those of
// the login; see [mayRevoke].
func revoke(ctx context.Context, env auth.Env, c client, creds *auth.Credentials) error {
	if creds == nil || creds.TokenType == auth.Raw || env.Config == nil {
		return nil
	}
	env = needing(env, cmp.Or(creds.ClientID, c.id), configstore.FieldRevocationEndpoint)
	cfg, err := env.Config.ClientConfig(ctx)
	switch {
	case errors.Is(err, configstore.ErrNoLogin):
		return nil
	case err != nil:
		return err
	}
	cfg.RevocationEndpoint = revocationEndpoint(ctx, env, cfg, creds)
	if cfg.RevocationEndpoint == "" {
		logger(env).InfoContext(ctx, "no revocation endpoint is known; the tokens stay valid until they expire")
		return nil
	}
	if err := mayRevoke(creds, cfg.RevocationEndpoint); err != nil {
		return err
	}
	if creds.ClientID != "" {
		c.id = creds.ClientID
	}
	tokens := []struct{ token, kind string }{{creds.RefreshToken, grantRefresh}, {creds.AccessToken, "access_token"}}
	var errs []error
	for _, t := range tokens {
		if t.token == "" || ctx.Err() != nil && len(errs) > 0 {
			continue
		}
		req, err := c.request(cfg, url.Values{"token": {t.token}, "token_type_hint": {t.kind}})
		if err != nil {
			return err
		}
		req.endpoint, req.purpose, req.idempotent = cfg.RevocationEndpoint, "revocation", true
		req.secret = []string{creds.RefreshToken, creds.AccessToken} // the response to the one may repeat the other
		_, err = persist(ctx, env, req, post)
		if err != nil && !unsupported(err) {
			errs = append(errs, fmt.Errorf("%s: %w", strings.ReplaceAll(t.kind, "_", " "), err))
			continue
		}
		logger(env).DebugContext(ctx, "revoked a token", slog.String("kind", t.kind), slog.Bool("supported", err == nil))
	}
	return errors.Join(errs...)
}

// revocationEndpoint returns where to revoke creds, "" if that is not known. Flyte's
// AuthMetadataService has no field for it, but names the issuer, whose own document
// does (RFC 8414 §2). That one is asked only about a login whose server is known, so
// that a backend cannot name a server of its own to send the tokens to.
func revocationEndpoint(ctx context.Context, env auth.Env, cfg configstore.ClientConfig, creds *auth.Credentials) string {
	if e := strings.TrimSpace(cfg.RevocationEndpoint); e != "" || cfg.Issuer == "" || creds.TokenOrigin == "" {
		return e
	}
	issuer := configstore.Discovery(cfg.Issuer, env.HTTP)
	if env.Plaintext && leadsTo(cfg.Issuer, creds.TokenOrigin) {
		issuer = configstore.AllowPlaintext(issuer, "")
	}
	issued, err := issuer.ClientConfig(ctx)
	if err != nil {
		logger(env).DebugContext(ctx, "cannot ask the issuer for its revocation endpoint", slog.Any("error", err))
		return ""
	}
	e := strings.TrimSpace(issued.RevocationEndpoint)
	if e == "" || mayRevoke(creds, e) != nil {
		return ""
	}
	return e
}

// unsupported reports whether a server cannot revoke a token: it says so (RFC 7009
// §2.2.1), or there is no such endpoint.
func unsupported(err error) bool {
	te := (*TokenError)(nil)
	return errors.As(err, &te) && (te.Code == "unsupported_token_type" || te.Code == "" && te.absent())
}

// absent reports whether the status says that there is no such endpoint.
func (e *TokenError) absent() bool {
	return slices.Contains([]int{http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone, http.StatusNotImplemented}, e.Status)
}
