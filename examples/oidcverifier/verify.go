package oidcverifier

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/interceptors/serverauth"
)

// What callers see of a failure.
const (
	notValid     = "the access token is not valid for this service"
	insufficient = "the access token lacks a scope that this service requires"
	unavailable  = "the access token could not be checked: the issuer's keys cannot be fetched; try again later"
)

// maxToken is the longest token that is parsed, in bytes.
const maxToken = 64 << 10

// Verify accepts p if it is a bearer token that the issuer signed for this service.
// Every error is a gRPC status around the reason: the reason is for the log, and
// contains no token.
func (v *Verifier) Verify(ctx context.Context, p serverauth.Presented) (serverauth.Identity, error) {
	if !strings.EqualFold(p.Scheme, "bearer") || len(p.Token) > maxToken {
		return serverauth.Identity{}, invalid(fmt.Errorf("not a bearer token of at most %d bytes", maxToken))
	}
	if err := v.checkType(p.Token); err != nil {
		return serverauth.Identity{}, invalid(err)
	}
	var fetched error // see keySet
	token, err := v.tokens.Verify(context.WithValue(ctx, fetchedKey{}, &fetched), p.Token)
	switch {
	case ctx.Err() != nil:
		return serverauth.Identity{}, status.FromContextError(ctx.Err()).Err()
	case fetched != nil:
		return serverauth.Identity{}, &failure{codes.Unavailable, unavailable, fetched}
	case err != nil:
		return serverauth.Identity{}, invalid(err)
	}
	var claims map[string]any
	if err := token.Claims(&claims); err != nil {
		return serverauth.Identity{}, invalid(err)
	}
	switch {
	case token.Subject == "":
		return serverauth.Identity{}, invalid(errors.New(`the token has no "sub"`))
	case claims["cnf"] != nil:
		return serverauth.Identity{}, invalid(errors.New(`the token is bound to a key ("cnf"), whose possession is not checked here`))
	}
	scope, _ := claims["scope"].(string)
	id := serverauth.Identity{Subject: token.Subject, Scopes: strings.Fields(scope), Claims: claims}
	for _, required := range v.config.Scopes {
		if !slices.Contains(id.Scopes, required) {
			return serverauth.Identity{}, &failure{codes.PermissionDenied, insufficient, fmt.Errorf("the token lacks the scope %q", required)}
		}
	}
	return id, nil
}

// checkType refuses other JWTs of the same issuer, such as ID tokens (RFC 9068 §4).
func (v *Verifier) checkType(token string) error {
	jws, err := jose.ParseSignedCompact(token, v.algorithms)
	if err != nil {
		return err
	}
	kind, _ := jws.Signatures[0].Protected.ExtraHeaders[jose.HeaderType].(string)
	kind = strings.TrimPrefix(strings.ToLower(kind), "application/")
	if kind != "at+jwt" && !v.config.AnyType {
		return fmt.Errorf(`the "typ" of the token is %.40q, not "at+jwt"; older issuers need Config.AnyType`, kind)
	}
	return nil
}

func invalid(reason error) error {
	return &failure{codes.Unauthenticated, notValid, reason}
}

// failure is why a token was not accepted, for the log; its status is for the caller.
type failure struct {
	code   codes.Code
	public string
	reason error
}

func (f *failure) Error() string              { return "oidcverifier: " + f.reason.Error() }
func (f *failure) Unwrap() error              { return f.reason }
func (f *failure) GRPCStatus() *status.Status { return status.New(f.code, f.public) }

type fetchedKey struct{}

// keySet tells errors of fetching keys from bad signatures: go-oidc keeps only their
// text. Of the errors of a RemoteKeySet those of fetching wrap another.
type keySet struct{ *oidc.RemoteKeySet }

// VerifySignature notes an error of fetching keys in the place that ctx holds.
func (k keySet) VerifySignature(ctx context.Context, jwt string) ([]byte, error) {
	payload, err := k.RemoteKeySet.VerifySignature(ctx, jwt)
	if at, ok := ctx.Value(fetchedKey{}).(*error); ok && errors.Unwrap(err) != nil {
		*at = err
	}
	return payload, err
}
