package jupyterhub

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
)

var errSeal = errors.New("the cookie was not made by this service")

// sealer returns the cipher for the content of cookies. Its key is derived from the
// service's own token, which stays the same while the hub runs, so that logins remain
// valid when the service restarts.
func (a *Auth) sealer() (cipher.AEAD, error) {
	token, err := a.here.token()
	if err != nil {
		return nil, err
	}
	key, err := hkdf.Key(sha256.New, []byte(token), nil, "jetway jupyterhub cookie 1", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// seal encrypts content for the cookie called name.
func (a *Auth) seal(name string, content []byte) (string, error) {
	s, err := a.sealer()
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(s.Seal(nil, nil, content, []byte(name))), nil //nolint:gosec // it draws its own nonce
}

func (a *Auth) open(name, value string) ([]byte, error) {
	s, err := a.sealer()
	if err != nil {
		return nil, err
	}
	raw, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil {
		return nil, errSeal
	}
	content, err := s.Open(nil, nil, raw, []byte(name))
	if err != nil {
		return nil, errSeal
	}
	return content, nil
}
