package redisstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore/redisstore"
)

// personFlow asks a person, who answers at once.
type personFlow struct{}

func (personFlow) Obtain(context.Context, auth.Env, *auth.Credentials) (*auth.Credentials, error) {
	return &auth.Credentials{
		AccessToken: "of the person", RefreshToken: "refresh", ClientID: "cli", IssuedAt: time.Now(), Expiry: time.Now().Add(time.Hour),
	}, nil
}

func (personFlow) Traits() auth.Traits { return auth.Traits{Name: key.Flow, Interactive: true} }

// A person logs in or out while a fleet waits for a holder that is silent: at once, and what the
// holder has obtained replaces nothing when it is back.
func TestAPersonDoesNotWaitForAHolderThatIsSilent(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		act  func(context.Context, *auth.Authenticator) error
		want string // of calls; "" for an error
	}{
		"login":  {func(ctx context.Context, a *auth.Authenticator) error { return a.Login(ctx) }, "of the person"},
		"logout": {func(ctx context.Context, a *auth.Authenticator) error { return a.Logout(ctx) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, r := newServer(t), newRotation(t, false)
			lapse := redisstore.WithLapse(shortLapse)
			must(t, s.store(t).Store(t.Context(), key, r.login(expired)))
			l, holder, heal := s.silent(t, key, lapse)
			waiting := make(chan error, 1)
			others := renewing(t, s.store(t, lapse), r)
			go func() {
				creds, err := others.Credentials(t.Context())
				if err == nil && (creds == nil || creds.AccessToken != c.want) {
					err = errors.New("it has " + creds.LogValue().String())
				}
				waiting <- err
			}()
			time.Sleep(2 * shortLapse)
			person := auth.New(key, personFlow{}, auth.Env{Endpoint: key.Endpoint}, auth.WithStore(s.store(t, lapse)))
			t.Cleanup(func() { _ = person.Close() })
			start := time.Now()
			must(t, c.act(t.Context(), person))
			if took := time.Since(start); took > 8*time.Second { // and not for its patience
				t.Errorf("took %v", took)
			}
			start = time.Now()
			if err := <-waiting; (err == nil) != (c.want != "") {
				t.Errorf("who waited: %v", err)
			}
			if took := time.Since(start); took > 8*time.Second { // the next poll is later
				t.Errorf("who waited has it after %v", took)
			}
			heal()
			if swapped, err := holder.Swap(t.Context(), key, r.login(expired).ID(), login(7)); swapped || errors.Is(err, redisstore.ErrClosed) {
				t.Errorf("swapped: %v, %v", swapped, err)
			}
			l.Unlock()
			got, err := s.store(t).Retrieve(t.Context(), key)
			if c.want == "" && !errors.Is(err, auth.ErrLoggedOut) || c.want != "" && (err != nil || got.AccessToken != c.want) {
				t.Errorf("stored is %v, %v", got, err)
			}
			if requests, _ := r.counts(); requests != 0 {
				t.Errorf("%d requests", requests)
			}
		})
	}
}

// After a login the holder that was silent can replace nothing, so renewals of the new one do not
// wait for it; those of another login that shares its lease do.
func TestRenewalsOfANewLoginDoNotWaitForTheHolderOfTheOldOne(t *testing.T) {
	t.Parallel()
	another := key
	another.Audience = "another"
	for name, c := range map[string]struct {
		asked  bool // others asked for the lease before the login
		stored auth.Key
		waits  bool
	}{
		"others wait":                     {true, key, false},
		"no other has asked":              {false, key, false},
		"the login has another audience":  {true, another, true},
		"and no other has asked for them": {false, another, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			lapse := redisstore.WithLapse(shortLapse)
			person, next := s.store(t), s.store(t, lapse)
			must(t, person.Store(t.Context(), key, login(1)))
			s.silent(t, key, lapse)
			if c.asked {
				must(t, busy(t, next, 2*shortLapse))
			} else {
				time.Sleep(shortLapse)
			}
			second := login(2)
			second.Audience, second.PurposeKnown = c.stored.Audience, true
			must(t, person.Store(t.Context(), c.stored, second))
			limit := patience
			if c.waits {
				limit = shortLapse
			}
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			l, err := next.Lock(ctx, key)
			if waits := errors.Is(err, redisstore.ErrBusy); waits != c.waits || !waits && err != nil {
				t.Errorf("waits: %v, want %v: %v", waits, c.waits, err)
			}
			if err == nil {
				l.Unlock()
			}
		})
	}
}
