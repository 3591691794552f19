package command

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/cmd/jetway/internal/failure"
	"github.com/jetway-go/jetway/cmd/jetway/internal/show"
	"github.com/jetway-go/jetway/internal/endpoint"
)

func newLogout(a *App) *cobra.Command {
	var all, revoke bool
	c := &cobra.Command{
		Use:   "logout",
		Short: "Delete the stored login, and revoke its tokens",
		Long: "Deletes the stored login of this backend, or with --all every one, and asks the server to\n" +
			"revoke its tokens. Where the server cannot be reached the login is deleted all the same; with\n" +
			"--revoke that is an error, since the tokens stay valid until they end.",
		Example: "  jetway logout\n  jetway logout --all --revoke",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, cancel := a.limited(c.Context())
			defer cancel()
			if all {
				return a.logoutAll(ctx, revoke)
			}
			cs, _, err := a.open(ctx, clientset.WithFlow(flow.Stored{}))
			if err != nil {
				return err
			}
			defer cs.Close()
			return a.logout(ctx, cs, revoke)
		},
	}
	c.Flags().BoolVar(&all, "all", false, "log out of every backend")
	c.Flags().BoolVar(&revoke, "revoke", false, "fail if the server does not revoke the tokens")
	return c
}

// logout ends one login.
func (a *App) logout(ctx context.Context, cs *clientset.ClientSet, revoke bool) error {
	before, err := cs.Authenticator().Inspect(ctx)
	if err != nil {
		return err
	}
	if before.Stored == "" {
		a.IO.Notef("There is no login for %s.", endpointOf(cs))
		return nil
	}
	if err := unrevoked(cs.Authenticator().Logout(ctx)); err != nil {
		after, failed := cs.Authenticator().Inspect(context.WithoutCancel(ctx))
		if failed != nil || after.Stored != "" {
			return err
		}
		if revoke {
			return failure.Hint(fmt.Errorf("the login was deleted, but not revoked: %w", err), stillValid)
		}
		a.IO.Warnf("the login was deleted, but not revoked: %s; %s", failure.Of(err).Message, stillValid)
	}
	a.forget(cs.Setup().Key)
	a.IO.Notef("Logged out of %s.", endpointOf(cs))
	return nil
}

// unrevoked says in the words of this command why tokens were not revoked, where the reason
// is no fault of the person: a machine's client has a secret, which is not stored.
func unrevoked(err error) error {
	if refused, ok := errors.AsType[*flow.TokenError](err); ok && refused.Code == "invalid_client" {
		text := errors.New("the server wants the client's secret for that, which is not stored")
		return failure.Exit(failure.Of(err).Exit, text, "")
	}
	return err
}

const stillValid = "its tokens stay valid until they end"

// perLogin is how long the server of one login may take to revoke it.
const perLogin = 10 * time.Second

// logoutAll ends every login; those of servers that cannot be reached do not wait for each
// other.
func (a *App) logoutAll(ctx context.Context, revoke bool) error {
	store, keys, err := a.logins(ctx)
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		a.IO.Notef("There is no login.")
		return nil
	}
	results := make([]logoutResult, len(keys))
	var g errgroup.Group
	g.SetLimit(16)
	for i, key := range keys {
		g.Go(func() error {
			limited, cancel := context.WithTimeout(ctx, perLogin)
			defer cancel()
			results[i] = a.logoutKey(limited, store, key)
			return nil
		})
	}
	_ = g.Wait()
	var failed error
	var gone []auth.Key
	for i, key := range keys {
		err := a.tellLogout(key, results[i], revoke)
		if results[i].kept == nil {
			gone = append(gone, key)
		}
		failed = errors.Join(failed, err)
	}
	a.forget(gone...)
	return failed
}

// logoutResult is why a login is still there, or was deleted without being revoked; both
// are nil if all went well.
type logoutResult struct{ kept, valid error }

// logoutKey ends the login of a key, whose backend may be gone.
func (a *App) logoutKey(ctx context.Context, store auth.Store, key auth.Key) logoutResult {
	r := logoutResult{valid: errors.New("this kind of login cannot be revoked")}
	if key.Flow == auth.StoredFlow {
		r.valid = a.revokeKey(ctx, key)
	}
	r.valid = unrevoked(r.valid)
	r.kept = store.Delete(context.WithoutCancel(ctx), key) // what was deleted before is not there, and that is no error
	return r
}

// revokeKey deletes and revokes a login by a client set as its profile says, or as its
// address does.
func (a *App) revokeKey(ctx context.Context, key auth.Key) error {
	opts := []clientset.Option{
		clientset.WithProfile(key.Profile), clientset.WithUser(key.User), clientset.WithLogger(a.logger()), clientset.WithFlow(flow.Stored{}),
	}
	cs, err := a.openFor(ctx, key, opts)
	if err != nil {
		return err
	}
	defer cs.Close()
	return cs.Authenticator().Logout(ctx)
}

// openFor makes the client set for the endpoint of key.
func (a *App) openFor(ctx context.Context, key auth.Key, opts []clientset.Option) (*clientset.ClientSet, error) {
	_, all, err := a.loadProfiles()
	if err != nil {
		return nil, err
	}
	for name, p := range all.Named {
		if p.Endpoint == "" {
			continue
		}
		s := a.connection()
		s.Profile = name
		plan, err := s.Plan()
		if err != nil || !plan.Offline() {
			continue
		}
		cs, err := plan.Open(ctx, opts...)
		if err != nil {
			continue
		}
		if cs.Setup().Key.Endpoint == key.Endpoint {
			return cs, nil
		}
		_ = cs.Close()
	}
	if ofThisMachine(key.Endpoint) {
		opts = append(opts, clientset.WithInsecure())
	}
	return clientset.ForEndpoint(key.Endpoint, opts...)
}

// tellLogout says how the logout of a key ended.
func (a *App) tellLogout(key auth.Key, r logoutResult, revoke bool) error {
	name := show.Clean(key.Endpoint)
	if key.ClientID != "" {
		name += " (client " + show.Clean(key.ClientID) + ")"
	}
	switch {
	case r.kept != nil:
		return fmt.Errorf("%s: %w", name, r.kept)
	case r.valid != nil && revoke:
		return failure.Hint(fmt.Errorf("%s: the login was deleted, but not revoked: %w", name, r.valid), stillValid)
	case r.valid != nil:
		a.IO.Warnf("%s: the login was deleted, but not revoked: %s; %s", name, failure.Of(r.valid).Message, stillValid)
	}
	a.IO.Notef("Logged out of %s.", name)
	return nil
}

// ofThisMachine reports whether an address is this machine's, where a backend as a rule has no
// TLS.
func ofThisMachine(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	return endpoint.IsLoopback(strings.Trim(host, "[]"))
}
