package wallaroo

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/platform/internal/smallfile"
)

// tokenLife is how long a token is used before the file is read again: the file does not
// say when the token expires.
const tokenLife = 5 * time.Minute

// tokenFile is the flow that reads a token from a JSON file of another program.
type tokenFile struct{ path string }

// Obtain reads the file.
func (f tokenFile) Obtain(ctx context.Context, env auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	t, err := f.read()
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return flow.Static{Credentials: &auth.Credentials{
		AccessToken: t.Token, IssuedAt: now, Expiry: now.Add(tokenLife),
	}}.Obtain(ctx, env, prev)
}

// Traits returns that the flow needs no user, and that its token is not stored: the file
// has it.
func (tokenFile) Traits() auth.Traits { return auth.Traits{Name: "wallaroo_token", Unstored: true} }

type tokenDocument struct {
	Token  string `json:"token"`
	Email  string `json:"user_email"`
	UserID string `json:"user_id"`
}

// Wallaroo's texts, and two of ours.
var (
	errNoToken      = errors.New("Passed token auth, but no token provided.")     //nolint:staticcheck,revive // see above
	errNoTokenFile  = errors.New("Token file provided, but file does not exist.") //nolint:staticcheck,revive // see above
	errTokenField   = errors.New("Token property field not in json.")             //nolint:staticcheck,revive // see above
	errEmailField   = errors.New("User email property field not in json.")        //nolint:staticcheck,revive // see above
	errUserIDField  = errors.New("User id property field not in json.")           //nolint:staticcheck,revive // see above
	errTokenWord    = errors.New("the token contains a space, a line end or another character that is not valid in a token")
	errTokenContent = errors.New("must be JSON with the strings token, user_email and user_id")
)

func (f tokenFile) read() (tokenDocument, error) {
	content, err := smallfile.Read(f.path)
	if err != nil {
		return tokenDocument{}, &Error{Input: EnvCredentials, Err: joined(notAFile(err), errNoTokenFile)}
	}
	var t tokenDocument
	problem := error(nil)
	switch err := json.Unmarshal(content, &t); {
	case err != nil: // which would quote the content
		problem = errTokenContent
	case t.Token == "":
		problem = errTokenField
	case strings.ContainsFunc(t.Token, func(r rune) bool { return r <= ' ' || r > '~' }):
		problem = errTokenWord
	case t.Email == "":
		problem = errEmailField
	case t.UserID == "":
		problem = errUserIDField
	}
	if problem != nil {
		return tokenDocument{}, &Error{Input: f.path + ":", Err: problem}
	}
	return t, nil
}
