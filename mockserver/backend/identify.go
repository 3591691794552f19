package backend

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	"github.com/jetway-go/jetway/interceptors/serverauth"
)

// identify returns the caller: the identity that the server's verifier found, or else
// the one that the load balancer's headers or a bearer token claim. It does not verify
// claims, as the real backend, which relies on a proxy for that: they record who did
// something and protect nothing.
func identify(ctx context.Context) (serverauth.Identity, bool) {
	if id, ok := serverauth.IdentityFromContext(ctx); ok {
		return id, true
	}
	md, _ := metadata.FromIncomingContext(ctx)
	if id, ok := identityOf(header(md, "x-amzn-oidc-data")); ok {
		return id, true
	}
	if subject := header(md, "x-amzn-oidc-identity"); subject != "" {
		return serverauth.Identity{Subject: subject}, true
	}
	scheme, token, _ := strings.Cut(header(md, "authorization"), " ")
	if !strings.EqualFold(scheme, "bearer") {
		return serverauth.Identity{}, false
	}
	return identityOf(strings.TrimSpace(token))
}

// identityOf reads the claims of a JWT without checking its signature or its times;
// false if it is not a JWT or has no subject.
func identityOf(token string) (serverauth.Identity, bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return serverauth.Identity{}, false
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "=")) // AWS pads
	if err != nil {
		return serverauth.Identity{}, false
	}
	var claims map[string]any
	if err := json.Unmarshal(raw, &claims); err != nil {
		return serverauth.Identity{}, false
	}
	subject, _ := claims["sub"].(string)
	return serverauth.Identity{Subject: subject, Claims: claims}, subject != ""
}

// baseURL returns the address at which the caller has reached this server.
func baseURL(ctx context.Context) string {
	md, _ := metadata.FromIncomingContext(ctx)
	scheme := header(md, "x-forwarded-proto")
	if scheme == "" {
		scheme = "http"
		if p, ok := peer.FromContext(ctx); ok {
			if _, encrypted := p.AuthInfo.(credentials.TLSInfo); encrypted {
				scheme = "https"
			}
		}
	}
	return scheme + "://" + header(md, ":authority")
}

func header(md metadata.MD, key string) string {
	if values := md.Get(key); len(values) > 0 {
		return values[0]
	}
	return ""
}
