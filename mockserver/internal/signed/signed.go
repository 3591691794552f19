// Package signed makes and reads signed tokens (JWT, RFC 7519) for the mock's
// authorization server.
//
// A [Key] signs the server's own access tokens with ES256 and publishes itself as
// a key set. Tokens of others, such as client assertions, are read in two steps:
// [Parse] accepts only the algorithms of [Algorithms] and returns the claimed issuer, by
// which the caller finds the keys; [Token.Verify] then checks signature and claims. The
// type of a key decides which algorithms are possible, never the token.
//
// It uses go-jose. The client signs its assertions with another implementation, so that
// both sides cannot share a mistake.
package signed

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

// MaxToken is the size limit of tokens, in bytes, far above that of any issued here.
const MaxToken = 16 << 10

// ErrKey means that a public key has an unsupported type or size.
var ErrKey = errors.New("want *ecdsa.PublicKey on P-256, *rsa.PublicKey of 2048 bits or more, or ed25519.PublicKey")

const minRSABits = 2048

// Algorithms returns the accepted algorithms of others' tokens, as RFC 7518 and RFC 8037
// name them.
func Algorithms() []string {
	names := make([]string, 0, len(permitted()))
	for _, a := range permitted() {
		names = append(names, string(a))
	}
	return names
}

func permitted() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{jose.ES256, jose.RS256, jose.PS256, jose.EdDSA}
}

// fits reports whether key can verify algorithm.
func fits(key crypto.PublicKey, algorithm string) bool {
	var possible []jose.SignatureAlgorithm
	switch key.(type) {
	case *ecdsa.PublicKey:
		possible = []jose.SignatureAlgorithm{jose.ES256}
	case *rsa.PublicKey:
		possible = []jose.SignatureAlgorithm{jose.RS256, jose.PS256}
	case ed25519.PublicKey:
		possible = []jose.SignatureAlgorithm{jose.EdDSA}
	}
	return slices.Contains(possible, jose.SignatureAlgorithm(algorithm))
}

// CheckKeys returns [ErrKey] if [Token.Verify] cannot use one of keys.
func CheckKeys(keys []crypto.PublicKey) error {
	for _, key := range keys {
		good := false
		switch k := key.(type) {
		case *ecdsa.PublicKey:
			good = k != nil && k.Curve == elliptic.P256()
		case *rsa.PublicKey:
			good = k != nil && k.N != nil && k.N.BitLen() >= minRSABits
		case ed25519.PublicKey:
			good = len(k) == ed25519.PublicKeySize
		}
		if !good {
			return ErrKey
		}
	}
	return nil
}
