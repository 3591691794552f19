package signed

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"errors"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// tokenType is the typ of access tokens (RFC 9068 section 2.1).
const tokenType = "at+jwt"

var errNotOurs = errors.New("want an ECDSA key on P-256")

// Key signs access tokens with ES256. Safe for concurrent use.
type Key struct {
	private *ecdsa.PrivateKey
	signer  jose.Signer
	public  jose.JSONWebKey
}

// NewKey makes a new key. Its ID is its thumbprint (RFC 7638).
func NewKey() (*Key, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return newKey(private)
}

// ReadKey reads a key that [Key.Marshal] has written.
func ReadKey(der []byte) (*Key, error) {
	private, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	ec, ok := private.(*ecdsa.PrivateKey)
	if !ok || ec.Curve != elliptic.P256() {
		return nil, errNotOurs
	}
	return newKey(ec)
}

func newKey(private *ecdsa.PrivateKey) (*Key, error) {
	public := jose.JSONWebKey{Key: private.Public(), Algorithm: string(jose.ES256), Use: "sig"}
	thumbprint, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, err
	}
	public.KeyID = base64.RawURLEncoding.EncodeToString(thumbprint)
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: private, KeyID: public.KeyID}},
		(&jose.SignerOptions{}).WithType(tokenType),
	)
	if err != nil {
		return nil, err
	}
	return &Key{private: private, signer: signer, public: public}, nil
}

// Marshal returns the private key in PKCS #8, for [ReadKey]. It is a secret.
func (k *Key) Marshal() ([]byte, error) { return x509.MarshalPKCS8PrivateKey(k.private) }

// Sign returns an access token of claims. It fails if one of them is not a JSON value.
func (k *Key) Sign(claims map[string]any) (string, error) {
	return jwt.Signed(k.signer).Claims(claims).Serialize()
}

// Signed reports whether this key signed token; it does not check the claims.
func (k *Key) Signed(token string) bool {
	if len(token) > MaxToken {
		return false
	}
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.ES256})
	return err == nil && parsed.Claims(k.public.Key) == nil
}

// Set returns the public key as a JWK set (RFC 7517 section 5).
func (k *Key) Set() jose.JSONWebKeySet {
	return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{k.public}}
}
