package flow

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
	"testing"
	"testing/synctest"
	"time"
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
	for range 200 { // leading zeros come one in 128
		s, err := sign(key, input)
		if err != nil || !verified(&key.PublicKey, input, s) {
			t.Fatalf("our signature %x does not verify: %v", s, err)
		}
	}
}

func TestAssertion(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		seen := map[string]bool{}
		for range 3 {
			jwt, err := signJWT(key, "key-1", assertionClaims("batch", "https://idp.example/token", now))
			if err != nil {
				t.Fatal(err)
			}
			parts := strings.Split(jwt, ".")
			if len(parts) != 3 || !verified(&key.PublicKey, parts[0]+"."+parts[1], decoded(t, parts[2])) {
				t.Fatalf("%s does not verify", jwt)
			}
			if header := string(decoded(t, parts[0])); header != `{"alg":"ES256","kid":"key-1","typ":"JWT"}` {
				t.Errorf("header %s", header)
			}
			var c jwtClaims
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

func TestRSAKeysSignAsRS256(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	jwt, err := signJWT(key, "", jwtClaims{Issuer: "batch"})
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(jwt, ".")
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err := rsa.VerifyPKCS1v15(&key.PublicKey, 5, sum[:], decoded(t, parts[2])); err != nil { // 5 is crypto.SHA256
		t.Error(err)
	}
	if header := string(decoded(t, parts[0])); header != `{"alg":"RS256","typ":"JWT"}` {
		t.Errorf("header %s", header)
	}
}
