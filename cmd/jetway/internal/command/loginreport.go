package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/cmd/jetway/internal/connect"
	"github.com/jetway-go/jetway/cmd/jetway/internal/failure"
	"github.com/jetway-go/jetway/cmd/jetway/internal/profile"
	"github.com/jetway-go/jetway/cmd/jetway/internal/show"
)

// loggedIn is what login prints.
type loggedIn struct {
	Endpoint  string     `json:"endpoint"`
	Platform  string     `json:"platform"`
	User      string     `json:"user,omitempty"`
	Profile   string     `json:"profile,omitempty"`
	Stored    string     `json:"stored,omitempty"`
	Expires   *time.Time `json:"expires,omitempty"`
	Renewable bool       `json:"renewable"`
}

// finish is what remains to do with a login that succeeded. A login of a person or of a
// machine is stored by now, so an interruption ends nothing of this but the question who
// it is.
func (l *loggingIn) finish(ctx context.Context, cs *clientset.ClientSet) error {
	st, err := cs.Authenticator().Inspect(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	out := loggedIn{Endpoint: endpointOf(cs), Platform: l.plan.Platform, Renewable: st.Renewable}
	if !st.Expiry.IsZero() {
		out.Expires = &st.Expiry
	}
	if !l.asking && !l.machine() {
		me, err := whoIs(ctx, cs, l.plan) // its credentials were at hand: only a call shows whether they are good
		if err != nil {
			return err
		}
		out.User = me.User
	} else {
		if st.Stored == inMemory {
			return l.unstored(context.WithoutCancel(ctx), cs, st)
		}
		out.User = l.user(ctx, cs)
	}
	if st.Stored != inMemory {
		out.Stored = st.Stored
	}
	out.Profile = l.remember(cs, st, out.Stored != "")
	return l.report(out, st)
}

// inMemory is how the library says that a login ends with this process.
const inMemory = "memory"

// withoutLogin is for a backend that needs no login: a call shows that.
func (l *loggingIn) withoutLogin(ctx context.Context, cs *clientset.ClientSet) error {
	if err := verify(ctx, cs, l.plan); err != nil {
		return err
	}
	l.app.IO.Notef("%s asks for no login.", endpointOf(cs))
	out := loggedIn{Endpoint: endpointOf(cs), Platform: l.plan.Platform, Profile: l.remember(cs, auth.Status{}, false)}
	if l.app.format == show.Table {
		return nil
	}
	return l.app.print(show.View{Value: out, Names: []string{out.Endpoint}})
}

// user asks the backend who has logged in. A backend that does not take the new token is
// worth a warning; every other trouble will show at the next call.
func (l *loggingIn) user(ctx context.Context, cs *clientset.ClientSet) string {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	me, err := whoIs(ctx, cs, l.plan)
	if code := status.Code(err); code == codes.Unauthenticated || code == codes.PermissionDenied {
		l.app.IO.Warnf("the backend does not take the new login: %s", failure.Of(err).Message)
	}
	return me.User
}

// unstored gives a login up that no store has taken: no other command would find it.
func (l *loggingIn) unstored(ctx context.Context, cs *clientset.ClientSet, st auth.Status) error {
	why := errors.New("no store takes it")
	if c, err := cs.Authenticator().Credentials(ctx); err == nil {
		if err := (&tokenstore.FileStore{}).Store(ctx, st.Key, c); err != nil {
			why = err
		}
		l.giveUp(ctx, c)
	}
	err := fmt.Errorf("logged in to %s, but the login cannot be stored, and was given up: %w", endpointOf(cs), why)
	return failure.Exit(failure.Config, err, unwritten)
}

// unwritten says what to do where no login can be stored.
const unwritten = "let this user write the directory, or set XDG_CONFIG_HOME to another one; " +
	"with " + flyteAPIKey + " nothing has to be stored"

// giveUp revokes a login that is of no use, and leaves one that was stored before as it is.
func (l *loggingIn) giveUp(ctx context.Context, c *auth.Credentials) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	cs, err := l.plan.OpenToLogin(ctx, l.choose, clientset.WithoutStore(), clientset.WithCredentials(c))
	if err != nil {
		return
	}
	defer cs.Close()
	_ = cs.Authenticator().Logout(ctx) // its tokens end by themselves, too
}

// report says what was made of the login.
func (l *loggingIn) report(out loggedIn, st auth.Status) error {
	a := l.app
	if a.format != show.Table {
		return a.print(show.View{Value: out, Names: []string{out.Endpoint}})
	}
	as := ""
	if out.User != "" {
		as = " as " + show.Clean(out.User)
	}
	a.IO.Notef("Logged in to %s%s.", out.Endpoint, as)
	switch {
	case out.Stored != "":
		a.IO.Notef("The login is stored in %s.", out.Stored)
	case l.source != "":
		a.IO.Notef("Nothing was stored: each command gets the credentials anew (%s).", show.Clean(l.source))
	default:
		a.IO.Notef("Nothing was stored: each command reads the credentials from the environment.")
	}
	a.IO.Notef("%s", lasts(st, time.Now()))
	if key, _ := a.Lookup(flyteAPIKey); key != "" && out.Stored != "" && out.Platform == connect.Flyte {
		a.IO.Warnf("%s is set: other commands use it, and not this login", flyteAPIKey)
	}
	return nil
}

// lasts says how long the login lasts, in words.
func lasts(st auth.Status, now time.Time) string {
	switch {
	case st.Expiry.IsZero() && st.Renewable:
		return "It is renewed by itself."
	case st.Expiry.IsZero():
		return "When it ends is not known."
	case st.Renewable:
		return fmt.Sprintf("Its token ends in %s and is renewed by itself.", short(st.Expiry.Sub(now)))
	default:
		return fmt.Sprintf("It ends in %s and cannot be renewed: log in again then.", short(st.Expiry.Sub(now)))
	}
}

// remember makes a profile for the address that the person logged in to, so that the next
// command finds it: under the name of --profile, or as the first one of all. It returns the
// profile of this backend, and says how to use it where the next command would not.
func (l *loggingIn) remember(cs *clientset.ClientSet, st auth.Status, stored bool) string {
	a, s, name, made := l.app, l.settings, l.plan.Profile, false
	var other string
	err := s.Profiles.Change(func(all *profile.Profiles) bool {
		if stored {
			all.Remember(st.Key)
		}
		if name == "" && len(all.Named) == 0 && (s.Endpoint != "" || s.FromKey) {
			name = "default"
		}
		if _, there := all.Named[name]; there || name == "" {
			other = backendOf(all, cmp.Or(s.Endpoint, endpointOf(cs)))
			return stored
		}
		all.Named[name], made = l.settingsOf(cs), true
		all.Current = cmp.Or(all.Current, name)
		return true
	})
	switch {
	case err != nil:
		a.IO.Warnf("%v", err)
	case made:
		a.IO.Notef("Profile %q now has this backend; jetway profile list shows all.", name)
	default:
		l.adviseProfile(name, other)
	}
	return name
}

// settingsOf is the profile that leads to where cs has connected.
func (l *loggingIn) settingsOf(cs *clientset.ClientSet) profile.Settings {
	s := l.settings
	p := profile.Settings{
		Platform: l.plan.Platform, Endpoint: cmp.Or(s.Endpoint, endpointOf(cs)), Insecure: l.app.settings.Insecure, CAFile: absolute(s.CAFile),
		User: s.User, ClientID: s.ClientID, Org: s.Org, Project: s.Project, Domain: s.Domain,
	}
	if s.Endpoint == "" && l.plan.Platform == connect.Flyte {
		p.Insecure = cs.Setup().Plaintext // what an API key says by its scheme
	}
	return p
}

// backendOf returns the profile with that address; the current one, if it is one of several.
func backendOf(all *profile.Profiles, endpoint string) string {
	if connect.Same(all.Named[all.Current].Endpoint, endpoint) {
		return all.Current
	}
	for _, name := range slices.Sorted(maps.Keys(all.Named)) {
		if connect.Same(all.Named[name].Endpoint, endpoint) {
			return name
		}
	}
	return ""
}

// adviseProfile says how the next command reaches the backend of --endpoint, where a profile
// leads elsewhere.
func (l *loggingIn) adviseProfile(named, other string) {
	asked := l.app.settings.Endpoint
	switch all, err := l.settings.Profiles.Load(); {
	case err != nil || asked == "":
	case named != "" && !connect.Same(all.Named[named].Endpoint, asked):
		l.app.IO.Notef("Profile %q still leads to %s; to change it: jetway profile add %s --endpoint %s --replace",
			named, all.Named[named].Endpoint, named, asked)
	case named != "" || other != "" && other == all.Current:
	case other != "":
		l.app.IO.Notef("Profile %q leads here: jetway profile use %s", other, other)
	case len(all.Named) > 0:
		l.app.IO.Notef("To get here without --endpoint: jetway profile add NAME --endpoint %s, then jetway profile use NAME", asked)
	}
}
