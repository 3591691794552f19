package authserver

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"
)

const methodS256 = "S256"

// challenge reads the code challenge of a request (RFC 7636 section 4.3). Only S256 is
// accepted: with plain, the request itself would reveal the verifier.
func challenge(f form) (string, *protocolError) {
	value, method := f.get("code_challenge"), f.get("code_challenge_method")
	switch {
	case value == "" && method == "":
		return "", nil
	case method != methodS256:
		return "", refuse(codeInvalidRequest, "code_challenge_method must be S256; if omitted it means plain, which is refused")
	}
	if raw, err := base64.RawURLEncoding.DecodeString(value); err != nil || len(raw) != sha256.Size {
		return "", refuse(codeInvalidRequest, "code_challenge is not the base64url SHA-256 of a verifier, 43 characters without padding")
	}
	return value, nil
}

// proven checks the verifier of a token request against its challenge.
func proven(challenge string, f form) *protocolError {
	verifier := f.get("code_verifier")
	switch {
	case challenge == "" && verifier == "":
		return nil
	case challenge == "":
		return refuse(codeInvalidGrant, "code_verifier, but the authorization request had no code_challenge (RFC 9700 section 4.8.2)")
	case verifier == "":
		return refuse(codeInvalidRequest, "code_verifier is missing")
	case !validVerifier(verifier):
		return refuse(codeInvalidRequest, "code_verifier is not 43 to 128 characters of A-Z a-z 0-9 - . _ ~")
	}
	sum := sha256.Sum256([]byte(verifier))
	if subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(challenge)) != 1 {
		return refuse(codeInvalidGrant, "code_verifier does not match the code_challenge")
	}
	return nil
}

func validVerifier(v string) bool {
	return len(v) >= 43 && len(v) <= 128 && !strings.ContainsFunc(v, notUnreserved)
}

func notUnreserved(r rune) bool {
	return !(r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("-._~", r))
}
