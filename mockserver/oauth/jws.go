package oauth

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"strings"
)

// What can be wrong with a JWT of someone else's.
var (
	errNotJWT       = errors.New("is not a JWT in compact form")
	errAlgorithm    = errors.New("is signed by an algorithm other than ES256, RS256, PS256 and EdDSA, or by one that fits no known key")
	errSignature    = errors.New("is signed by no known key")
	errCritical     = errors.New("asks for an extension (crit)")
	errUnsupported  = errors.New("want *ecdsa.PublicKey on P-256, *rsa.PublicKey of 2048 bits or more, or ed25519.PublicKey")
	errTrailingData = errors.New("trailing data")
)

const minRSABits = 2048

func checkKeys(field string, keys []crypto.PublicKey) error {
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
			return &ConfigError{Field: field, Reason: "unsupported key", Err: errUnsupported}
		}
	}
	return nil
}

// verifyJWT reads a JWT (RFC 7519) that one of keys has signed, and returns its
// claims. Which of them matter is for the caller to check. Errors hold nothing of it.
func verifyJWT(token string, keys []crypto.PublicKey) (claims, error) {
	head, rest, _ := strings.Cut(token, ".")
	body, signature, ok := strings.Cut(rest, ".")
	if !ok || len(token) > maxToken || strings.Contains(signature, ".") {
		return nil, errNotJWT
	}
	var header struct {
		Algorithm string          `json:"alg"`
		Critical  json.RawMessage `json:"crit"`
	}
	var c claims
	raw, err := base64.RawURLEncoding.Strict().DecodeString(signature)
	if err != nil || decodePart(head, &header) != nil || decodePart(body, &c) != nil || c == nil {
		return nil, errNotJWT
	}
	if header.Critical != nil {
		return nil, errCritical
	}
	problem := errAlgorithm
	for _, key := range keys {
		fits, good := verifySignature(key, header.Algorithm, []byte(head+"."+body), raw)
		if good {
			return c, nil
		}
		if fits {
			problem = errSignature
		}
	}
	return nil, problem
}

func decodePart(part string, into any) error {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(part)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errTrailingData
	}
	return nil
}

// verifySignature lets the key's type decide, not the token, which algorithms are
// possible. It tells whether algorithm fits key, and whether the signature is good.
func verifySignature(key crypto.PublicKey, algorithm string, text, signature []byte) (fits, good bool) {
	sum := sha256.Sum256(text)
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		if algorithm != "ES256" || len(signature) != 2*es256Half {
			return algorithm == "ES256", false
		}
		r, s := new(big.Int).SetBytes(signature[:es256Half]), new(big.Int).SetBytes(signature[es256Half:])
		return true, ecdsa.Verify(key, sum[:], r, s)
	case *rsa.PublicKey:
		switch algorithm {
		case "RS256":
			return true, rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature) == nil
		case "PS256":
			return true, rsa.VerifyPSS(key, crypto.SHA256, sum[:], signature, nil) == nil
		}
	case ed25519.PublicKey:
		return algorithm == "EdDSA", algorithm == "EdDSA" && ed25519.Verify(key, text, signature)
	}
	return false, false
}
