package flow

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"time"
)

// PrivateKey is what a client signs its assertions with (private_key_jwt, RFC 7523
// §2.2). The zero value is not set.
type PrivateKey struct {
	// PEM is the key in PKCS #8, PKCS #1 or SEC 1 form, usually a [SecretFile]. An
	// RSA key of at least 2048 bits signs as RS256, a P-256 key as ES256.
	PEM Secret
	// ID names the key to the server (kid); may be empty.
	ID string
	// Audience is whom assertions are made for; empty means the token endpoint's
	// URL. Some servers want their issuer name here.
	Audience string
}

// An assertion lives for five minutes, and begins before it is made: a clock that
// is two minutes off, either way, does no harm (RFC 7523 §3 asks for exp only).
const (
	assertionBefore = 2 * time.Minute
	assertionAfter  = 3 * time.Minute
)

const minRSABits = 2048

// asserter reads the key and returns what signs with it.
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
		return signJWT(key, k.ID, assertionClaims(clientID, cmp.Or(k.Audience, endpoint), time.Now()))
	}, nil
}

// parseKey reads the first block. Errors hold nothing of it.
func parseKey(text []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("is not in PEM form")
	}
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
		return nil, errors.New("is encrypted: give it without a password, readable by this program only")
	default:
		return nil, errors.New("is PEM, but no private key")
	}
	if err != nil {
		return nil, errors.New("is broken")
	}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		if key.N.BitLen() < minRSABits {
			return nil, fmt.Errorf("has %d bits, RSA keys need %d", key.N.BitLen(), minRSABits)
		}
		return key, nil
	case *ecdsa.PrivateKey:
		if key.Curve != elliptic.P256() {
			return nil, errors.New("is on another curve than P-256")
		}
		return key, nil
	default:
		return nil, errors.New("is neither RSA nor ECDSA")
	}
}

// jwtClaims are those of RFC 7523 §3.
type jwtClaims struct {
	Issuer    string `json:"iss"`
	Subject   string `json:"sub"`
	Audience  string `json:"aud"`
	ID        string `json:"jti"`
	IssuedAt  int64  `json:"iat"`
	NotBefore int64  `json:"nbf"`
	Expiry    int64  `json:"exp"`
}

func assertionClaims(clientID, audience string, now time.Time) jwtClaims {
	begin := now.Add(-assertionBefore).Unix()
	return jwtClaims{
		Issuer: clientID, Subject: clientID, Audience: audience, ID: rand.Text(),
		IssuedAt: begin, NotBefore: begin, Expiry: now.Add(assertionAfter).Unix(),
	}
}

type jwtHeader struct {
	Algorithm string `json:"alg"`
	KeyID     string `json:"kid,omitempty"`
	Type      string `json:"typ"`
}

// signJWT makes a JWS in compact form (RFC 7515 §7.1).
func signJWT(key crypto.Signer, keyID string, claims jwtClaims) (string, error) {
	header := jwtHeader{Algorithm: "RS256", KeyID: keyID, Type: "JWT"}
	if _, ok := key.(*ecdsa.PrivateKey); ok {
		header.Algorithm = "ES256"
	}
	h, err := json.Marshal(header)
	if err != nil {
		return "", err
	}
	c, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	input := base64.RawURLEncoding.EncodeToString(h) + "." + base64.RawURLEncoding.EncodeToString(c)
	signature, err := sign(key, input)
	if err != nil {
		return "", err
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// sign makes the signature of RFC 7518 §3.3 or §3.4.
func sign(key crypto.Signer, input string) ([]byte, error) {
	digest := sha256.Sum256([]byte(input))
	ec, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return key.Sign(rand.Reader, digest[:], crypto.SHA256)
	}
	r, s, err := ecdsa.Sign(rand.Reader, ec, digest[:])
	if err != nil {
		return nil, err
	}
	const half = 32
	signature := make([]byte, 2*half)
	r.FillBytes(signature[:half])
	s.FillBytes(signature[half:])
	return signature, nil
}
