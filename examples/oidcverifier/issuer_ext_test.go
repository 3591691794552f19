package oidcverifier_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// issuer is an issuer whose key the test holds, so that it can sign anything.
type issuer struct {
	*httptest.Server
	key        *ecdsa.PrivateKey
	algorithms []string                         // that its discovery document names
	keys       atomic.Pointer[http.HandlerFunc] // answers in place of the keys, if set
	fetches    atomic.Int32                     // of the keys
}

const keyID = "key-1"

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{key: key, algorithms: []string{"none", "HS256", "ES256"}}
	published := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: keyID, Algorithm: "ES256", Use: "sig"}}}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, map[string]any{"issuer": i.URL, "jwks_uri": i.URL + "/keys", "id_token_signing_alg_values_supported": i.algorithms})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, r *http.Request) {
		i.fetches.Add(1)
		if answer := i.keys.Load(); answer != nil {
			(*answer)(w, r)
			return
		}
		reply(w, published)
	})
	mux.HandleFunc("/moved", func(w http.ResponseWriter, _ *http.Request) { reply(w, published) }) // to follow a redirect works
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	return i
}

func reply(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}

// answerKeys makes requests for the keys end in h.
func (i *issuer) answerKeys(h http.HandlerFunc) { i.keys.Store(&h) }

// claims returns those of a good token, with changes; nil removes a claim.
func (i *issuer) claims(changes map[string]any) map[string]any {
	c := map[string]any{
		"iss": i.URL, "sub": "ada", "aud": audience, "exp": time.Now().Add(time.Hour).Unix(), "scope": "read greet",
	}
	maps.Copy(c, changes)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return c
}

// sign makes a token of claims.
func (i *issuer) sign(t *testing.T, kind string, claims map[string]any) string {
	t.Helper()
	return sign(t, jose.SigningKey{Algorithm: jose.ES256, Key: i.key}, kind, keyID, claims)
}

func sign(t *testing.T, key jose.SigningKey, kind, kid string, claims map[string]any) string {
	t.Helper()
	opts := new(jose.SignerOptions).WithHeader("kid", kid)
	if kind != "" {
		opts = opts.WithType(jose.ContentType(kind))
	}
	signer, err := jose.NewSigner(key, opts)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}
