package flow

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func decoded(t *testing.T, text string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// verified checks an ES256 signature as RFC 7518 §3.4 has it.
func verified(key *ecdsa.PublicKey, input string, signature []byte) bool {
	if len(signature) != 64 {
		return false
	}
	sum := sha256.Sum256([]byte(input))
	return ecdsa.Verify(key, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
}

// RFC 7515 appendix A.3: the signature there is random, so the check of it is what
// can be tried on the vector, and our own signature with that check.
func TestES256Vector(t *testing.T) {
	t.Parallel()
	const input = "eyJhbGciOiJFUzI1NiJ9." +
		"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
	const signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), decoded(t, "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"))
	if err != nil {
		t.Fatal(err)
	}
	if !verified(&key.PublicKey, input, decoded(t, signature)) {
		t.Fatal("the vector does not verify: the check is wrong")
	}
	ours, err := signerOf(key)
	if err != nil {
		t.Fatal(err)
	}
	for range 200 { // leading zeros come one in 128
		s, err := ours.method.Sign(input, ours.key)
		if err != nil || !verified(&key.PublicKey, input, s) {
			t.Fatalf("our signature %x does not verify: %v", s, err)
		}
	}
}

// sentClaims are those of RFC 7523 §3 as a server reads them.
type sentClaims struct {
	Issuer    string `json:"iss"`
	Subject   string `json:"sub"`
	Audience  string `json:"aud"`
	ID        string `json:"jti"`
	IssuedAt  int64  `json:"iat"`
	NotBefore int64  `json:"nbf"`
	Expiry    int64  `json:"exp"`
}

func TestAssertion(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ours, err := signerOf(key)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		seen := map[string]bool{}
		for range 3 {
			assertion, err := ours.sign("key-1", assertionClaims("batch", "https://idp.example/token", now))
			if err != nil {
				t.Fatal(err)
			}
			parts := strings.Split(assertion, ".")
			if len(parts) != 3 || !verified(&key.PublicKey, parts[0]+"."+parts[1], decoded(t, parts[2])) {
				t.Fatalf("%s does not verify", assertion)
			}
			if header := string(decoded(t, parts[0])); header != `{"alg":"ES256","kid":"key-1","typ":"JWT"}` {
				t.Errorf("header %s", header)
			}
			var c sentClaims
			if err := json.Unmarshal(decoded(t, parts[1]), &c); err != nil {
				t.Fatal(err)
			}
			if c.Issuer != "batch" || c.Subject != "batch" || c.Audience != "https://idp.example/token" || len(c.ID) < 20 || seen[c.ID] {
				t.Errorf("claims %+v", c)
			}
			seen[c.ID] = true
			// A server whose clock is two minutes off either way takes it, and none for long.
			for _, skew := range []time.Duration{-2 * time.Minute, 0, 2 * time.Minute} {
				server := now.Add(skew).Unix()
				if c.IssuedAt > server || c.NotBefore > server || c.Expiry <= server {
					t.Errorf("%v off: iat %d, nbf %d, exp %d at %d", skew, c.IssuedAt, c.NotBefore, c.Expiry, server)
				}
			}
			if life := c.Expiry - c.IssuedAt; life > 300 {
				t.Errorf("lives for %d seconds", life)
			}
		}
	})
}

// Every kind of key signs by its own algorithm, and what it signs verifies.
func TestAlgorithmsOfKeys(t *testing.T) {
	t.Parallel()
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		key    any
		verify func(input, signature []byte) bool
	}{
		"RS256": {rs, func(input, signature []byte) bool {
			sum := sha256.Sum256(input)
			return rsa.VerifyPKCS1v15(&rs.PublicKey, crypto.SHA256, sum[:], signature) == nil
		}},
		"EdDSA": {ed, func(input, signature []byte) bool { return ed25519.Verify(public, input, signature) }},
	}
	for name, curve := range map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()} {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		sums := map[string]func([]byte) []byte{
			"ES256": func(b []byte) []byte { s := sha256.Sum256(b); return s[:] },
			"ES384": func(b []byte) []byte { s := sha512.Sum384(b); return s[:] },
			"ES512": func(b []byte) []byte { s := sha512.Sum512(b); return s[:] },
		}
		length := map[string]int{"ES256": 64, "ES384": 96, "ES512": 132}[name] // RFC 7518 §3.4
		tests[name] = struct {
			key    any
			verify func(input, signature []byte) bool
		}{key, func(input, signature []byte) bool {
			return len(signature) == length && ecdsa.Verify(&key.PublicKey, sums[name](input),
				new(big.Int).SetBytes(signature[:length/2]), new(big.Int).SetBytes(signature[length/2:]))
		}}
	}
	for algorithm, tc := range tests {
		s, err := signerOf(tc.key)
		if err != nil {
			t.Fatal(err)
		}
		assertion, err := s.sign("", jwt.MapClaims{"iss": "batch"})
		if err != nil {
			t.Fatal(err)
		}
		parts := strings.Split(assertion, ".")
		if !tc.verify([]byte(parts[0]+"."+parts[1]), decoded(t, parts[2])) {
			t.Errorf("%s: %s does not verify", algorithm, assertion)
		}
		if header := string(decoded(t, parts[0])); header != `{"alg":"`+algorithm+`","typ":"JWT"}` {
			t.Errorf("%s: header %s", algorithm, header)
		}
	}
}
