package flow

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jetway-go/jetway/auth"
)

// TokenFile uses the token in a file that another program writes, and replaces before
// the token expires, as Kubernetes does. The file is read again at every login and
// refresh.
//
// Errors are [*Error]; they name the file and contain nothing of its content.
type TokenFile struct {
	// Path is the file. It holds a token and nothing else, at most 64 KiB. White space and
	// quotes around it and the TokenType in front of it, as in "Bearer abc", are removed.
	// Symbolic links are followed.
	Path string
	// TokenType is the scheme in front of the token; empty means "Bearer",
	// [auth.Raw] means none.
	TokenType string
	// HeaderKey is the metadata key for the token; empty means "authorization".
	HeaderKey string
}

var (
	_ auth.TraitedFlow = TokenFile{}
	_ auth.Renewer     = TokenFile{}
	_ auth.Changer     = TokenFile{}
)

const nameTokenFile = "token_file"

// Obtain reads the file. The exp claim of a JWT is its expiry.
func (f TokenFile) Obtain(context.Context, auth.Env, *auth.Credentials) (*auth.Credentials, error) {
	token, err := f.read()
	if err != nil {
		return nil, failed(nameTokenFile, err)
	}
	now := time.Now()
	return &auth.Credentials{
		AccessToken: token, TokenType: f.TokenType, HeaderKey: f.HeaderKey,
		Expiry: jwtExpiry(token, now), IssuedAt: now,
	}, nil
}

// Renew reads the file again.
func (f TokenFile) Renew(ctx context.Context, env auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	return f.Obtain(ctx, env, prev)
}

// Changed reports whether there is another token in the file than that of prev.
func (f TokenFile) Changed(prev *auth.Credentials) bool {
	token, err := f.read()
	return err == nil && (prev == nil || token != prev.AccessToken)
}

// Traits returns those of a flow that needs no person and no store.
func (TokenFile) Traits() auth.Traits { return auth.Traits{Name: nameTokenFile, Unstored: true} }

func (f TokenFile) read() (string, error) {
	if f.Path == "" {
		return "", errors.New("no file: set Path")
	}
	content, err := SecretFile(f.Path).Read()
	if err != nil {
		return "", err
	}
	token := bareToken(content, f.TokenType)
	if token == "" {
		return "", fmt.Errorf("file %s is empty", f.Path)
	}
	if err := checkToken(token); err != nil {
		return "", fmt.Errorf("the token in %s %w", f.Path, err)
	}
	if f.TokenType != auth.Raw && strings.Contains(token, " ") {
		return "", fmt.Errorf("file %s holds more than one word, where only the token should be", f.Path)
	}
	return token, nil
}
