package flow

import (
	"cmp"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// PrivateKey is the key that a client signs its assertions with (private_key_jwt, RFC
// 7523 §2.2). The zero value is not set.
type PrivateKey struct {
	// PEM is the key in PKCS #8, PKCS #1 or SEC 1 form, usually a [SecretFile]; if it
	// contains several keys, the first one is used. An RSA key of at least 2048 bits signs
	// as RS256, an elliptic-curve key as ES256, ES384 or ES512 by its curve, an Ed25519
	// key as EdDSA.
	PEM Secret
	// ID is the key ID (kid); may be empty.
	ID string
	// Audience is the aud claim of assertions; empty means the token endpoint's URL. Some
	// servers require their issuer name here.
	Audience string
}

// An assertion is valid for five minutes, and from before it is made: a clock that is
// two minutes off, either way, does no harm (RFC 7523 §3 requires exp only).
const (
	assertionBefore = 2 * time.Minute
	assertionAfter  = 3 * time.Minute
)

// asserter reads the key and returns the function that signs with it.
func (k PrivateKey) asserter(clientID string) (asserter, error) {
	text, err := k.PEM.Read()
	if err != nil {
		return nil, fmt.Errorf("private key: %w", err)
	}
	key, err := parseKey([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("private key (%s): %w", k.PEM, err)
	}
	return func(endpoint string) (string, error) {
		return key.sign(k.ID, assertionClaims(clientID, cmp.Or(k.Audience, endpoint), time.Now()))
	}, nil
}

// parseKey reads the first private key of text, and skips what openssl and certificate
// bundles put beside it. Errors quote nothing of it.
func parseKey(text []byte) (signer, error) {
	block, after := pem.Decode(text)
	if block == nil {
		return signer{}, errors.New("is not in PEM form")
	}
	for ; block != nil; block, after = pem.Decode(after) {
		var key any
		var err error
		switch block.Type {
		case "PRIVATE KEY":
			key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		case "RSA PRIVATE KEY":
			key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		case "EC PRIVATE KEY":
			key, err = x509.ParseECPrivateKey(block.Bytes)
		case "ENCRYPTED PRIVATE KEY":
			return signer{}, errEncryptedKey
		default:
			continue
		}
		switch {
		case err == nil:
			return signerOf(key)
		case block.Headers["DEK-Info"] != "":
			return signer{}, errEncryptedKey
		default:
			return signer{}, errors.New("is broken")
		}
	}
	return signer{}, errors.New("is PEM, but no private key")
}

var errEncryptedKey = errors.New("is encrypted: give it without a password, readable by this program only")

// assertionClaims returns those of RFC 7523 §3. The audience is one string, which
// every server reads; [jwt.RegisteredClaims] would write a list.
func assertionClaims(clientID, audience string, now time.Time) jwt.MapClaims {
	begin := now.Add(-assertionBefore).Unix()
	return jwt.MapClaims{
		"iss": clientID, "sub": clientID, "aud": audience, "jti": rand.Text(),
		"iat": begin, "nbf": begin, "exp": now.Add(assertionAfter).Unix(),
	}
}
