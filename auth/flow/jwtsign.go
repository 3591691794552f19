package flow

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	_ "crypto/sha256" // jwt's methods find their hashes by number
	_ "crypto/sha512"
	"errors"
	"fmt"

	"github.com/golang-jwt/jwt/v5"
)

const minRSABits = 2048

// signer is a private key with the one algorithm that it is used with.
type signer struct {
	key    crypto.Signer
	method jwt.SigningMethod // RFC 7518 §3.1, RFC 8037 §3.1
}

func signerOf(key any) (signer, error) {
	switch key := key.(type) {
	case *rsa.PrivateKey:
		if key.N.BitLen() < minRSABits {
			return signer{}, fmt.Errorf("has %d bits, RSA keys need %d", key.N.BitLen(), minRSABits)
		}
		return signer{key, jwt.SigningMethodRS256}, nil
	case *ecdsa.PrivateKey:
		switch key.Curve {
		case elliptic.P256():
			return signer{key, jwt.SigningMethodES256}, nil
		case elliptic.P384():
			return signer{key, jwt.SigningMethodES384}, nil
		case elliptic.P521():
			return signer{key, jwt.SigningMethodES512}, nil
		default:
			return signer{}, errors.New("is on another curve than P-256, P-384 or P-521")
		}
	case ed25519.PrivateKey:
		return signer{key, jwt.SigningMethodEdDSA}, nil
	default:
		return signer{}, errors.New("is neither RSA, ECDSA nor Ed25519")
	}
}

// sign returns claims as a JWS in compact form (RFC 7515 §7.1).
func (s signer) sign(keyID string, claims jwt.Claims) (string, error) {
	token := jwt.NewWithClaims(s.method, claims)
	if keyID != "" {
		token.Header["kid"] = keyID
	}
	return token.SignedString(s.key)
}
