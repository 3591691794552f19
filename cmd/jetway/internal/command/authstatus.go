package command

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/cmd/jetway/internal/show"
)

// storedLogin is one login as auth-status shows it; never a token.
type storedLogin struct {
	Endpoint  string     `json:"endpoint"`
	Profile   string     `json:"profile,omitempty"`
	User      string     `json:"user,omitempty"`
	ClientID  string     `json:"client_id,omitempty"`
	State     string     `json:"state"`
	Expires   *time.Time `json:"expires,omitempty"`
	Renewable bool       `json:"renewable"`
	Stored    string     `json:"stored"`
}

func newAuthStatus(a *App) *cobra.Command {
	return &cobra.Command{
		Use:   "auth-status",
		Short: "List every stored login, without its tokens",
		Long: "Lists the logins that are stored on this machine, and how long they last. It reads the store,\n" +
			"sends nothing and shows no token. A keyring lists no logins: of those in it you see the ones that\n" +
			"jetway login has made, and those for the backends of your profiles.",
		Example: "  jetway auth-status\n" +
			"  jetway auth-status -o json",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, cancel := a.limited(c.Context())
			defer cancel()
			return a.authStatus(ctx)
		},
	}
}

func (a *App) authStatus(ctx context.Context) error {
	store, keys, err := a.logins(ctx)
	if err != nil {
		return err
	}
	logins := []storedLogin{}
	v := show.View{
		Columns: []string{"endpoint", "profile", "user", "client", "state", "stored"}, Empty: "there is no login; run: jetway login",
	}
	for _, key := range keys {
		c, err := store.Retrieve(ctx, key)
		if errors.Is(err, auth.ErrNoCredentials) {
			continue // another program has just deleted it
		}
		l := describe(key, c, err, time.Now())
		if at, ok := store.(auth.Locator); ok {
			l.Stored = at.Location(key)
		}
		logins = append(logins, l)
		v.Rows = append(v.Rows, []string{l.Endpoint, l.Profile, l.User, l.ClientID, l.State, l.Stored})
	}
	v.Value = logins
	return a.print(v)
}

// describe says what is known of a stored login.
func describe(key auth.Key, c *auth.Credentials, err error, now time.Time) storedLogin {
	l := storedLogin{Endpoint: key.Endpoint, Profile: key.Profile, User: key.User, ClientID: key.ClientID}
	if err != nil {
		l.State = fmt.Sprintf("cannot be read: %v", err)
		return l
	}
	if l.ClientID == "" {
		l.ClientID = c.ClientID
	}
	l.Renewable = c.RefreshToken != "" && c.Ended == ""
	if !c.Expiry.IsZero() {
		l.Expires = &c.Expiry
	}
	switch left := c.Expiry.Sub(now); {
	case c.Ended != "":
		l.State = "ended: " + c.Ended
	case c.Refused != "":
		l.State = "refused: " + c.Refused
	case c.Expiry.IsZero() && l.Renewable:
		l.State = "renewed by itself"
	case c.Expiry.IsZero():
		l.State = "no known end"
	case left > 0 && l.Renewable:
		l.State = "ends in " + short(left) + ", then renewed"
	case left > 0:
		l.State = "ends in " + short(left)
	case l.Renewable:
		l.State = "renewed at the next call"
	default:
		l.State = "expired: log in again"
	}
	return l
}

// short returns a time for people: two units at most.
func short(d time.Duration) string {
	if d >= 48*time.Hour {
		return fmt.Sprintf("%d days", int(d.Hours())/24)
	}
	unit := time.Second
	if d >= time.Hour-time.Minute/2 {
		unit = time.Minute
	}
	text := d.Round(unit).String()
	for _, nothing := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, nothing) {
			text = text[:len(text)-2]
		}
	}
	return text
}
