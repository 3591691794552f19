package auth_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth"
)

// world is an authorization server, a backend, a store and a person, all of which
// misbehave at random, and the judge of what an Authenticator makes of them. One
// lock guards all of it; it is never held while time passes.
type world struct {
	t      *testing.T
	kind   kind
	limit  time.Duration // of a flow
	random *rand.Rand    // for faults; workers have their own

	mu        sync.Mutex
	errs      int
	calm      bool // nothing fails any more
	issued    int
	alive     map[string]time.Time // access token → when it ends for the backend
	family    int                  // which login is alive
	refresh   int                  // its newest refresh token
	lost      bool                 // an answer never arrived, or another party kept it from being stored
	stored    *auth.Credentials
	tried     map[string]bool // access tokens that a program has tried to store
	dead      map[string]bool // refresh tokens that were refused for good
	broken    bool            // the store fails
	stuck     bool            // it deletes nothing
	outsiders bool            // another program stores logins without a lock
	shared    bool            // machines share the store
	deleted   bool            // by a logout, as a shared store knows
	closing   bool            // programs end in the middle
	told      map[*actor]chan struct{}
	troubled  time.Time // when the store was broken last
}

type kind int

const (
	personKind   kind = iota // needs a person, has rotating refresh tokens
	passwordKind             // needs no person, has rotating refresh tokens
	clientKind               // needs no person, renews by logging in again
	staticKind               // has one token
)

var errPassing = errors.New("503")

// actor is the world as one process sees it: its flow and its view of the store.
type actor struct {
	*world
	name string

	running  int // flow calls under way
	storing  int // store calls under way
	asked    int // Login and Refresh calls that were made
	logouts  int // Logout calls under way
	logins   int // Login calls under way
	alone    bool
	refused  bool      // the person said no, and no call of Login came since
	failedAt time.Time // when the flow last failed, unless Login or Logout came since
	busy     time.Time // until when the server wants no request, unless Login or Logout came since
	closed   bool      // Close has returned
	rejected map[string]bool
	given    []string // access tokens that calls were given, in this order
}

func (w *world) violatedf(format string, args ...any) {
	if w.errs++; w.errs < 5 {
		w.t.Errorf("after %v: %s", time.Since(begin), fmt.Sprintf(format, args...))
	}
}

// begin is when a bubble's clock starts.
var begin = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func (w *world) pause(ctx context.Context, most time.Duration) error {
	w.mu.Lock()
	d := time.Duration(w.random.Int64N(int64(most)))
	if w.calm || w.random.IntN(3) == 0 {
		d = 0
	}
	w.mu.Unlock()
	if err := ctx.Err(); err != nil || d == 0 {
		return err
	}
	return sleep(ctx, d)
}

func (w *world) token() *auth.Credentials {
	w.issued++
	c := &auth.Credentials{AccessToken: fmt.Sprint("access-", w.issued)}
	life := []time.Duration{3 * time.Second, 20 * time.Second, 2 * time.Minute, time.Hour}[w.random.IntN(4)]
	switch {
	case w.kind == staticKind:
		c.AccessToken = "static"
		life = 100 * time.Hour
	default:
		c.IssuedAt, c.Expiry = time.Now(), time.Now().Add(life)
	}
	w.alive[c.AccessToken] = time.Now().Add(life)
	if w.kind == personKind || w.kind == passwordKind {
		c.RefreshToken = w.refreshToken()
	}
	return c
}

func (w *world) refreshToken() string { return fmt.Sprintf("refresh-%d-%d", w.family, w.refresh) }

// enter is the start of a flow call, leave its end.
func (a *actor) enter(what string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.running++; a.running > 1 {
		a.violatedf("%s: %s while another flow call is under way", a.name, what)
	}
	if a.closed {
		a.violatedf("%s: %s after Close", a.name, what)
	}
	if early := time.Until(a.busy); early > 0 && a.logins+a.logouts == 0 {
		a.violatedf("%s: %s %v before the server's time", a.name, what, early)
	}
	if since := time.Since(a.failedAt); !a.failedAt.IsZero() && since < time.Second/2 && a.logins+a.logouts == 0 {
		a.violatedf("%s: %s %v after a failure", a.name, what, since)
	}
}

func (a *actor) leave(err error) {
	a.running--
	if said, ok := errors.AsType[busyError](err); ok {
		a.busy = time.Now().Add(said.Duration)
	}
	a.failedAt = time.Time{}
	if err != nil && !errors.Is(err, auth.ErrRejected) {
		a.failedAt = time.Now()
	}
}

func (a *actor) Traits() auth.Traits {
	return auth.Traits{Interactive: a.kind == personKind, Timeout: a.limit, Unstored: a.kind == staticKind}
}

func (a *actor) Obtain(ctx context.Context, _ auth.Env, _ *auth.Credentials) (c *auth.Credentials, err error) {
	a.enter("Obtain")
	err = a.pause(ctx, 3*time.Second)
	a.mu.Lock()
	defer a.mu.Unlock()
	defer func() { a.leave(err) }()
	if a.kind == personKind {
		if a.asked == 0 {
			a.violatedf("%s: a person was asked out of the blue", a.name)
		}
		if a.refused && a.logins+a.logouts == 0 {
			a.violatedf("%s: a person was asked again after saying no", a.name)
		}
	}
	fault := a.random.IntN(10)
	switch {
	case err != nil:
		return nil, err
	case a.calm:
	case fault == 0 && a.kind == personKind:
		a.refused = true
		return nil, auth.ErrDeclined
	case fault <= 1:
		return nil, a.passing()
	case fault == 2 && a.kind != personKind:
		return nil, auth.ErrRejected
	case fault == 3:
		a.mu.Unlock()
		<-ctx.Done()
		a.mu.Lock()
		if a.kind == personKind && errors.Is(ctx.Err(), context.DeadlineExceeded) {
			a.refused = true
		}
		return nil, ctx.Err()
	}
	a.refused = false
	a.family, a.refresh = a.family+1, 0
	return a.token(), nil
}

// renewing is an actor whose flow can renew.
type renewing struct{ *actor }

func (a renewing) Renew(ctx context.Context, _ auth.Env, prev *auth.Credentials) (c *auth.Credentials, err error) {
	a.enter("Renew")
	err = a.pause(ctx, time.Second)
	a.mu.Lock()
	defer func() { a.leave(err); a.mu.Unlock() }()
	switch {
	case err != nil:
		return nil, err
	case !a.calm && a.random.IntN(4) == 0:
		return nil, a.passing()
	case a.kind == clientKind:
		return a.token(), nil
	case a.kind == passwordKind && prev.RefreshToken == "": // it logs in, as flow.Password does
		a.family, a.refresh = a.family+1, 0
		return a.token(), nil
	case a.dead[prev.RefreshToken]:
		if a.alone && a.logins+a.logouts == 0 && !a.outsiders {
			a.violatedf("%s: %s was refused and is sent again", a.name, prev.RefreshToken)
		}
		return nil, fmt.Errorf("%w: %s again", auth.ErrRejected, prev.RefreshToken)
	case prev.RefreshToken != a.refreshToken():
		if a.shared && !a.lost && !a.closing && !a.outsiders && time.Since(a.troubled) > 2*time.Second && !a.dead[prev.RefreshToken] && sameFamily(prev.RefreshToken, a.refreshToken()) {
			a.violatedf("%s: %s is sent although it was used, good is %s", a.name, prev.RefreshToken, a.refreshToken())
		}
		a.dead[prev.RefreshToken] = true
		return nil, fmt.Errorf("%w: %s, good is %s", auth.ErrRejected, prev.RefreshToken, a.refreshToken())
	}
	a.refresh++ // from here on the old one is dead
	c = a.token()
	a.mu.Unlock()
	err = a.pause(ctx, 200*time.Millisecond) // the answer's way
	a.mu.Lock()
	if err != nil {
		a.lost = true
		return nil, err
	}
	if !a.calm && a.random.IntN(8) == 0 { // of no other use
		return &auth.Credentials{RefreshToken: c.RefreshToken}, a.passing()
	}
	return c, nil
}

// passing is an error of a server that is there again later. It may say when.
func (a *actor) passing() error {
	if a.random.IntN(3) > 0 {
		return errPassing
	}
	return fmt.Errorf("token endpoint: %w", busyError{time.Duration(a.random.IntN(20)) * time.Second})
}

func (a *actor) flow() auth.Flow {
	if a.kind == staticKind {
		return a
	}
	return renewing{a}
}

// store is the actor as a Store, with locks if there are any.
func (a *actor) store(locks auth.Locker) auth.Store {
	switch {
	case locks == nil:
		return a
	case a.shared:
		return sharedActor{a, locks}
	}
	return struct {
		*actor
		auth.Locker
	}{a, locks}
}

// storeCall is the beginning of a call of the store; end has to be called.
func (a *actor) storeCall(ctx context.Context) (end func(), err error) {
	a.mu.Lock()
	a.storing++
	a.mu.Unlock()
	err = a.pause(ctx, 100*time.Millisecond)
	a.mu.Lock()
	if err == nil && a.broken && !a.calm {
		err = errors.New("disk full")
		a.troubled = time.Now()
	}
	return func() { a.storing--; a.mu.Unlock() }, err
}

func (a *actor) Store(ctx context.Context, _ auth.Key, c *auth.Credentials) error {
	a.mu.Lock()
	a.tried[c.AccessToken] = true
	a.mu.Unlock()
	end, err := a.storeCall(ctx)
	defer end()
	if err != nil {
		a.lost = a.lost || a.broken && !a.shared
		return err
	}
	kept := *c
	a.stored, a.deleted = &kept, false
	a.tell()
	return nil
}

func (a *actor) Retrieve(ctx context.Context, _ auth.Key) (*auth.Credentials, error) {
	end, err := a.storeCall(ctx)
	defer end()
	switch {
	case err != nil:
		return nil, err
	case a.stored == nil && a.shared && a.deleted:
		return nil, auth.ErrLoggedOut
	case a.stored == nil:
		return nil, auth.ErrNoCredentials
	}
	kept := *a.stored
	return &kept, nil
}

func (a *actor) Delete(ctx context.Context, _ auth.Key) error {
	end, err := a.storeCall(ctx)
	defer end()
	if err == nil && a.stuck && !a.calm {
		err = errors.New("read-only")
	}
	if err != nil {
		return err
	}
	if a.stored != nil && a.logouts == 0 && !a.outsiders && !a.dead[a.stored.RefreshToken] {
		a.violatedf("%s: deleted a login that no server had rejected", a.name)
	}
	a.stored, a.deleted = nil, true
	a.tell()
	return nil
}

// sharedActor is the store as one machine of several sees it.
type sharedActor struct {
	*actor
	locks auth.Locker
}

func (a sharedActor) Lock(ctx context.Context, k auth.Key) (auth.Lease, error) {
	end, err := a.storeCall(ctx)
	end()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", auth.ErrLeaseRequired, err)
	}
	l, err := a.locks.Lock(ctx, k)
	if err != nil {
		err = fmt.Errorf("%w: %w", auth.ErrLeaseRequired, err)
	}
	return l, err
}

func (a sharedActor) Swap(ctx context.Context, _ auth.Key, oldID string, next *auth.Credentials) (bool, error) {
	a.mu.Lock()
	a.tried[next.AccessToken] = true
	a.mu.Unlock()
	end, err := a.storeCall(ctx)
	defer end()
	if err != nil || a.deleted || a.stored.ID() != oldID {
		return false, err
	}
	kept := *next
	a.stored = &kept
	a.tell()
	return true, nil
}

// Watch tells of changes by this machine too, and of nothing that happens while the store is
// broken.
func (a sharedActor) Watch(_ auth.Key, changed func()) (stop func()) {
	told, gone := make(chan struct{}, 1), make(chan struct{})
	a.mu.Lock()
	a.told[a.actor] = told
	a.mu.Unlock()
	go func() {
		defer close(gone)
		for range told {
			changed()
		}
	}()
	return func() {
		a.mu.Lock()
		delete(a.told, a.actor)
		a.mu.Unlock()
		close(told)
		<-gone
	}
}

// tell has all machines look at the store; mu is held.
func (w *world) tell() {
	for _, told := range w.told {
		if w.broken && !w.calm {
			return
		}
		select {
		case told <- struct{}{}:
		default:
		}
	}
}
