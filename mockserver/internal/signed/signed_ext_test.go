package signed_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/jetway-go/jetway/mockserver/internal/signed"
)

var now = time.Unix(1_800_000_000, 0)

// sign makes a JWT with the standard library alone.
func sign(t *testing.T, key crypto.Signer, header, claims map[string]any) string {
	t.Helper()
	part := func(v any) string {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	text := part(header) + "." + part(claims)
	sum := sha256.Sum256([]byte(text))
	var signature []byte
	var err error
	switch key := key.(type) {
	case *ecdsa.PrivateKey:
		r, s, signErr := ecdsa.Sign(rand.Reader, key, sum[:])
		err, signature = signErr, make([]byte, 64)
		r.FillBytes(signature[:32])
		s.FillBytes(signature[32:])
	case *rsa.PrivateKey:
		signature, err = rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	default:
		signature, err = key.Sign(rand.Reader, []byte(text), crypto.Hash(0))
	}
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func newEC(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// The key's type decides the algorithm; some claims are required.
func TestVerifyAcceptsValidTokensOnly(t *testing.T) {
	t.Parallel()
	ec, stranger := newEC(t, elliptic.P256()), newEC(t, elliptic.P256())
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := map[string]any{"iss": "i", "sub": "s", "aud": "us", "jti": "j", "exp": now.Add(time.Minute).Unix()}
	claims := func(changes map[string]any) map[string]any {
		c := maps.Clone(good)
		maps.Copy(c, changes)
		maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
		return c
	}
	es := map[string]any{"alg": "ES256"}
	for _, tt := range []struct {
		name           string
		key            crypto.Signer
		header, claims map[string]any
		want           error
	}{
		{"ES256", ec, es, good, nil},
		{"RS256", rsaKey, map[string]any{"alg": "RS256"}, good, nil},
		{"EdDSA", ed, map[string]any{"alg": "EdDSA"}, good, nil},
		{"one of several audiences", ec, es, claims(map[string]any{"aud": []string{"them", "us"}}), nil},
		{"an algorithm that is not permitted", rsaKey, map[string]any{"alg": "RS512"}, good, signed.ErrAlgorithm},
		{"none", ec, map[string]any{"alg": "none"}, good, signed.ErrAlgorithm},
		{"HS256", ec, map[string]any{"alg": "HS256"}, good, signed.ErrAlgorithm},
		{"another key's algorithm", ec, map[string]any{"alg": "EdDSA"}, good, signed.ErrSignature},
		{"a stranger's key", stranger, es, good, signed.ErrSignature},
		{"an extension", ec, map[string]any{"alg": "ES256", "crit": []string{"x"}, "x": 1}, good, signed.ErrCritical},
		{"the extension of go-jose", ec, map[string]any{"alg": "ES256", "crit": []string{"b64"}, "b64": true}, good, signed.ErrCritical},
		{"no exp", ec, es, claims(map[string]any{"exp": nil}), signed.ErrNoExpiry},
		{"exp as text", ec, es, claims(map[string]any{"exp": "tomorrow"}), signed.ErrNotJWT},
		{"expired", ec, es, claims(map[string]any{"exp": now.Add(-31 * time.Second).Unix()}), signed.ErrExpired},
		{"expired within the leeway", ec, es, claims(map[string]any{"exp": now.Add(-29 * time.Second).Unix()}), nil},
		{"not yet", ec, es, claims(map[string]any{"nbf": now.Add(31 * time.Second).Unix()}), signed.ErrNotYet},
		{"from the future", ec, es, claims(map[string]any{"iat": now.Add(31 * time.Second).Unix()}), signed.ErrNotYet},
		{"another audience", ec, es, claims(map[string]any{"aud": "them"}), signed.ErrAudience},
		{"no audience", ec, es, claims(map[string]any{"aud": nil}), signed.ErrAudience},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			text := sign(t, tt.key, tt.header, tt.claims)
			token, err := signed.Parse(text)
			if err == nil {
				if token.Issuer() != "i" || token.Subject() != "s" {
					t.Errorf("says it is %q of %q", token.Subject(), token.Issuer())
				}
				c, verifyErr := token.Verify([]crypto.PublicKey{ec.Public(), rsaKey.Public(), ed.Public()}, now, "us")
				if err = verifyErr; err == nil && (c.Issuer != "i" || c.Subject != "s" || c.ID != "j") {
					t.Errorf("claims: %+v", c)
				}
			}
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
	token, err := signed.Parse(sign(t, ec, es, good))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := token.Verify([]crypto.PublicKey{rsaKey.Public()}, now, "us"); !errors.Is(err, signed.ErrAlgorithm) {
		t.Errorf("no key fits: %v", err)
	}
	if _, err := token.Verify([]crypto.PublicKey{ec.Public()}, now); !errors.Is(err, signed.ErrAudience) {
		t.Errorf("no audience expected: %v", err)
	}
}

func TestParseReadsShortCompactTokensOnly(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", ".", "a.b", "a.b.c.d", "nonsense", `{"payload":""}`, strings.Repeat("a", signed.MaxToken+1)} {
		if _, err := signed.Parse(text); !errors.Is(err, signed.ErrNotJWT) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

// The key's ID is the thumbprint of RFC 7638.
func TestKeyRecognisesItsTokens(t *testing.T) {
	t.Parallel()
	key, err := signed.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	other, err := signed.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	token, err := key.Sign(map[string]any{"sub": "ada"})
	if err != nil {
		t.Fatal(err)
	}
	if !key.Signed(token) || other.Signed(token) || key.Signed(token+"x.") || key.Signed("") {
		t.Error("a key does not know its own tokens from others")
	}
	if _, err := key.Sign(map[string]any{"odd": func() {}}); err == nil {
		t.Error("a claim that is no JSON value was signed")
	}

	raw, err := json.Marshal(key.Set())
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Keys []map[string]string }
	if err := json.Unmarshal(raw, &set); err != nil {
		t.Fatal(err)
	}
	k := set.Keys[0]
	thumbprint := sha256.Sum256([]byte(`{"crv":"P-256","kty":"EC","x":"` + k["x"] + `","y":"` + k["y"] + `"}`))
	want := map[string]string{
		"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "x": k["x"], "y": k["y"],
		"kid": base64.RawURLEncoding.EncodeToString(thumbprint[:]),
	}
	if !maps.Equal(k, want) {
		t.Errorf("published %v, want %v", k, want)
	}
}

func TestCheckKeysRefusesUnusableKeys(t *testing.T) {
	t.Parallel()
	short, err := rsa.GenerateKey(rand.Reader, 1024) // too short on purpose
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]crypto.PublicKey{
		"P-384": newEC(t, elliptic.P384()).Public(), "short RSA": short.Public(), "short Ed25519": ed25519.PublicKey("x"),
		"nil": nil, "nil ECDSA": (*ecdsa.PublicKey)(nil), "private": newEC(t, elliptic.P256()), "text": "secret",
	} {
		if err := signed.CheckKeys([]crypto.PublicKey{key}); !errors.Is(err, signed.ErrKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := signed.CheckKeys([]crypto.PublicKey{newEC(t, elliptic.P256()).Public()}); err != nil {
		t.Errorf("P-256: %v", err)
	}
}
