package oauth

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
)

// signingKey signs with ES256 (RFC 7518 section 3.4).
type signingKey struct {
	private *ecdsa.PrivateKey
	id      string // thumbprint of RFC 7638
	x, y    string // coordinates, base64url
	header  string // encoded header of every token
}

// es256Half is the length of each half of an ES256 signature.
const es256Half = 32

func newSigningKey(private *ecdsa.PrivateKey) (*signingKey, error) {
	point, err := private.PublicKey.Bytes()
	if err != nil {
		return nil, err
	}
	k := &signingKey{
		private: private,
		x:       base64.RawURLEncoding.EncodeToString(point[1 : 1+es256Half]),
		y:       base64.RawURLEncoding.EncodeToString(point[1+es256Half:]),
	}
	// RFC 7638 section 3: these members only, in this order.
	thumbprint := sha256.Sum256([]byte(`{"crv":"P-256","kty":"EC","x":"` + k.x + `","y":"` + k.y + `"}`))
	k.id = base64.RawURLEncoding.EncodeToString(thumbprint[:])
	header, err := json.Marshal(map[string]string{"alg": "ES256", "typ": "at+jwt", "kid": k.id})
	if err != nil {
		return nil, err
	}
	k.header = base64.RawURLEncoding.EncodeToString(header)
	return k, nil
}

// sign makes a JWT of claims.
func (k *signingKey) sign(claims map[string]any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	text := k.header + "." + base64.RawURLEncoding.EncodeToString(payload)
	sum := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, k.private, sum[:])
	if err != nil {
		return "", err
	}
	signature := make([]byte, 2*es256Half)
	r.FillBytes(signature[:es256Half])
	s.FillBytes(signature[es256Half:])
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// signed reports whether token is a JWT that this key signed. Only the header
// that it writes itself is taken, so that no algorithm can be talked into it.
func (k *signingKey) signed(token string) bool {
	end := strings.LastIndexByte(token, '.')
	if end < 0 || !strings.HasPrefix(token, k.header+".") || strings.Count(token, ".") != 2 {
		return false
	}
	signature, err := base64.RawURLEncoding.DecodeString(token[end+1:])
	if err != nil || len(signature) != 2*es256Half {
		return false
	}
	sum := sha256.Sum256([]byte(token[:end]))
	r := new(big.Int).SetBytes(signature[:es256Half])
	s := new(big.Int).SetBytes(signature[es256Half:])
	return ecdsa.Verify(&k.private.PublicKey, sum[:], r, s)
}

// jwk is the public key as RFC 7517 has it.
func (k *signingKey) jwk() map[string]string {
	return map[string]string{
		"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256",
		"kid": k.id, "x": k.x, "y": k.y,
	}
}
