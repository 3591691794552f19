package flow

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256" // for crypto.Hash.New
	_ "crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
)

const minRSABits = 2048

// signer is a private key with the one algorithm that it is used with.
type signer struct {
	key       crypto.Signer
	algorithm string      // RFC 7518 §3.1, RFC 8037 §3.1
	hash      crypto.Hash // zero: the key hashes by itself
}

func signerOf(key any) (signer, error) {
	switch key := key.(type) {
	case *rsa.PrivateKey:
		if key.N.BitLen() < minRSABits {
			return signer{}, fmt.Errorf("has %d bits, RSA keys need %d", key.N.BitLen(), minRSABits)
		}
		return signer{key, "RS256", crypto.SHA256}, nil
	case *ecdsa.PrivateKey:
		switch key.Curve {
		case elliptic.P256():
			return signer{key, "ES256", crypto.SHA256}, nil
		case elliptic.P384():
			return signer{key, "ES384", crypto.SHA384}, nil
		case elliptic.P521():
			return signer{key, "ES512", crypto.SHA512}, nil
		default:
			return signer{}, errors.New("is on another curve than P-256, P-384 or P-521")
		}
	case ed25519.PrivateKey:
		return signer{key, "EdDSA", 0}, nil
	default:
		return signer{}, errors.New("is neither RSA, ECDSA nor Ed25519")
	}
}

type jwtHeader struct {
	Algorithm string `json:"alg"`
	KeyID     string `json:"kid,omitempty"`
	Type      string `json:"typ"`
}

// jwt makes a JWS in compact form (RFC 7515 §7.1).
func (s signer) jwt(keyID string, claims jwtClaims) (string, error) {
	h, err := json.Marshal(jwtHeader{Algorithm: s.algorithm, KeyID: keyID, Type: "JWT"})
	if err != nil {
		return "", err
	}
	c, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	input := base64.RawURLEncoding.EncodeToString(h) + "." + base64.RawURLEncoding.EncodeToString(c)
	signature, err := s.sign([]byte(input))
	if err != nil {
		return "", err
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

func (s signer) sign(input []byte) ([]byte, error) {
	digest := input
	if s.hash != 0 {
		h := s.hash.New()
		h.Write(input)
		digest = h.Sum(nil)
	}
	ec, ok := s.key.(*ecdsa.PrivateKey)
	if !ok {
		return s.key.Sign(rand.Reader, digest, s.hash)
	}
	// The two numbers in full length (RFC 7518 §3.4), not in the ASN.1 of Sign.
	r, v, err := ecdsa.Sign(rand.Reader, ec, digest)
	if err != nil {
		return nil, err
	}
	half := (ec.Params().BitSize + 7) / 8
	signature := make([]byte, 2*half)
	r.FillBytes(signature[:half])
	v.FillBytes(signature[half:])
	return signature, nil
}
