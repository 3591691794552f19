package login_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth/flow"
)

// workloadIssuer gives workloads tokens that can be exchanged, as a cluster does.
const workloadIssuer = "https://cluster.example.com"

// signer holds a key whose public half servers know.
type signer struct{ key *ecdsa.PrivateKey }

func newSigner(t *testing.T) *signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &signer{key}
}

// pem is the key as a program is given it.
func (s *signer) pem(t *testing.T) flow.Secret {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(s.key)
	if err != nil {
		t.Fatal(err)
	}
	return flow.SecretValue(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
}

// jwk is the public half as RFC 7517 has it.
func (s *signer) jwk() map[string]any {
	half := func(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
	point, _ := s.key.PublicKey.Bytes() // 4, x, y; P-256 keys have this form
	return map[string]any{"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "x": half(point[1:33]), "y": half(point[33:])}
}

// token is what a cluster would give to a workload.
func (s *signer) token(t *testing.T, audience string) flow.Secret {
	t.Helper()
	part := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	now := time.Now()
	input := part(map[string]any{"alg": "ES256", "typ": "JWT"}) + "." + part(map[string]any{
		"iss": workloadIssuer, "sub": "system:serviceaccount:ml:trainer", "aud": audience,
		"iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(), "jti": rand.Text(),
	})
	digest := sha256.Sum256([]byte(input))
	r, v, err := ecdsa.Sign(rand.Reader, s.key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	v.FillBytes(signature[32:])
	return flow.SecretValue(input + "." + base64.RawURLEncoding.EncodeToString(signature))
}
