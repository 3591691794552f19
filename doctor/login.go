package doctor

import (
	"context"
	"fmt"
	"time"

	"github.com/jetway-go/jetway/auth"
)

// login reads the stored login. It runs no flow, and asks no server.
func (x *examination) login(ctx context.Context) finding {
	if !x.setup.Login {
		return skip("the settings say no login")
	}
	status, err := x.cs.Authenticator().Inspect(ctx)
	if err != nil {
		return fail(BadStore, err.Error(), "correct what the text names; without the login a person has to log in again")
	}
	x.status = status
	ended := ""
	if x.setup.Store != nil {
		if _, c, err := auth.Find(ctx, x.setup.Store, x.setup.Key); err == nil {
			ended = c.Ended
			x.secrets.Add(c.AccessToken, c.RefreshToken)
		}
	}
	return x.judge(status, ended)
}

func (x *examination) judge(s auth.Status, ended string) finding {
	none := s.ID == "" && s.Stored == ""
	seen := x.describeLogin(s)
	again := "log in again: " + logIn + ", or any other program that logs in there"
	switch {
	case none && x.noLogin:
		return skip("no login is stored, and the backend wants none")
	case none && x.setup.SharedLogin:
		return skip("the program's own Authenticator has no login yet")
	case none && (!x.setup.Traits.Interactive || x.setup.Traits.Unstored):
		return skip("no login is stored: the flow " + x.setup.Traits.Name + " gets a token by itself, for the call")
	case none:
		return warn(LoginNeeded, "no login is stored for "+x.setup.Key.Endpoint, "if the backend wants one, log in once: "+logIn+
			", or any other program that logs in there; a machine needs WithFlow or an API key")
	case ended != "" && !s.Usable:
		return fail(LoginEnded, seen+"; the login has ended: "+ended, again)
	case s.Usable || s.Renewable:
		return ok(seen)
	default:
		return fail(LoginExpired, seen+"; it cannot be refreshed", again)
	}
}

// describeLogin says what is stored, and until when.
func (x *examination) describeLogin(s auth.Status) string {
	text := "a login"
	if s.Stored != "" {
		text += " in " + s.Stored
	}
	switch left := time.Until(s.Expiry).Round(time.Second); {
	case s.ID == "":
		text += ", without an access token"
	case s.Expiry.IsZero():
		text += ", whose access token has no known end"
	case left > 0:
		text += fmt.Sprintf(", whose access token expires in %v (%s)", left, s.Expiry.UTC().Format(time.RFC3339))
	default:
		text += fmt.Sprintf(", whose access token expired %v ago (%s)", -left, s.Expiry.UTC().Format(time.RFC3339))
	}
	if s.Renewable {
		text += ", and that can be refreshed"
	}
	return text
}
