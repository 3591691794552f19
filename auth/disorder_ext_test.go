package auth_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore"
)

// tenant is one Authenticator among those that share the world.
type tenant struct {
	*actor
	auth *auth.Authenticator
}

// within returns a context for one call, and what checks that the call came back
// in time.
func (p tenant) within(r *rand.Rand, what string) (context.Context, func()) {
	if r.IntN(5) == 0 {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
		return ctx, func() {
			if ctx.Err() != nil {
				p.sayf("%s: %s took ten minutes", p.name, what)
			}
			cancel()
		}
	}
	deadline := time.Now().Add(time.Duration(r.Int64N(int64(5 * time.Second))))
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	return ctx, func() {
		cancel()
		if late := time.Since(deadline); late > 0 {
			p.sayf("%s: %s came back %v after its deadline", p.name, what, late)
		}
	}
}

func (w *world) sayf(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.violatedf(format, args...)
}

// handedOut judges a credential that a call was given; stale is the one that Refresh was
// asked to replace. What is known to be refused goes out only until there is another one.
func (p tenant) handedOut(c, stale *auth.Credentials, known map[string]bool) {
	if c == nil || p.kind == staticKind {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.AccessToken == "" {
		p.violatedf("%s: handed out credentials without a token", p.name)
	}
	if !p.tried[c.AccessToken] && !p.shared { // what cannot be read is not written
		p.violatedf("%s: handed out %s before it was stored", p.name, c.AccessToken)
	}
	if stale != nil && stale.AccessToken == c.AccessToken {
		p.violatedf("%s: handed out %s in place of itself", p.name, c.AccessToken)
	}
	if known[c.AccessToken] && known["newer than "+c.AccessToken] {
		p.violatedf("%s: handed out %s, which it knew to be refused, after a newer one", p.name, c.AccessToken)
	}
	p.given = append(p.given, c.AccessToken)
	if late := time.Since(c.Expiry); late > 0 && p.kind != personKind && p.alone {
		p.violatedf("%s: handed out %s, which had ended %v before", p.name, c.AccessToken, late)
	}
}

// accepts is the backend's verdict.
func (p tenant) accepts(c *auth.Credentials) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return c != nil && time.Now().Before(p.alive[c.AccessToken])
}

// known is what the process has been told to be refused so far.
func (p tenant) known() map[string]bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := map[string]bool{}
	for k := range p.rejected {
		m[k] = true
	}
	for i, k := range p.given {
		if i > 0 && k != p.given[i-1] && m[p.given[i-1]] && !slices.Contains(p.given[i:], p.given[i-1]) {
			m["newer than "+p.given[i-1]] = true
		}
	}
	return m
}

// call is one call with one retry, as the interceptor makes it.
func (p tenant) call(r *rand.Rand) error {
	known := p.known()
	ctx, check := p.within(r, "Credentials")
	c, err := p.auth.Credentials(ctx)
	check()
	if err != nil {
		return err
	}
	p.handedOut(c, nil, known)
	time.Sleep(time.Duration(r.IntN(50)) * time.Millisecond)
	if p.accepts(c) {
		p.auth.Accepted(c)
		if p.kind != staticKind && r.IntN(20) == 0 {
			p.adopt(r, c)
		}
		return nil
	}
	p.mu.Lock()
	p.asked++
	p.mu.Unlock()
	known = p.known()
	ctx, check = p.within(r, "Refresh")
	next, err := p.auth.Refresh(ctx, c)
	check()
	if c != nil {
		p.mu.Lock()
		p.rejected[c.AccessToken] = true
		p.mu.Unlock()
	}
	if err != nil {
		return err
	}
	p.handedOut(next, c, known)
	if p.accepts(next) {
		p.auth.Accepted(next)
	} else {
		p.auth.Refused(next)
	}
	return nil
}

// adopt takes over the session that the backend has made of c in its answer.
func (p tenant) adopt(r *rand.Rand, c *auth.Credentials) {
	next := *c
	p.mu.Lock()
	p.issued++
	next.AccessToken = "access-" + strconv.Itoa(p.issued)
	next.IssuedAt, next.Expiry = time.Now(), time.Now().Add(time.Duration(1+r.IntN(100))*time.Second)
	p.alive[next.AccessToken] = next.Expiry
	p.tried[next.AccessToken] = true // it is stored only if c is
	p.mu.Unlock()
	ctx, check := p.within(r, "Adopt")
	_, _ = p.auth.Adopt(ctx, c, &next)
	check()
}

func (p tenant) login(r *rand.Rand) {
	p.mu.Lock()
	p.asked++
	p.logins++
	p.mu.Unlock()
	ctx, check := p.within(r, "Login")
	_ = p.auth.Login(ctx)
	check()
	if ctx.Err() != nil {
		time.Sleep(time.Minute) // it may still wait for its turn, or for the person
	}
	p.mu.Lock()
	p.logins--
	p.mu.Unlock()
}

func (p tenant) logout(r *rand.Rand) {
	p.mu.Lock()
	p.logouts++
	p.mu.Unlock()
	ctx, check := p.within(r, "Logout")
	err := p.auth.Logout(ctx)
	p.mu.Lock()
	if err == nil && p.auth.Status().ID == "" && p.running == 0 && p.storing == 0 && p.stored != nil {
		p.violatedf("%s: after the logout %s is still stored", p.name, p.stored.AccessToken)
	}
	p.logouts--
	p.refused, p.failedAt, p.busy = false, time.Time{}, time.Time{}
	clear(p.rejected)
	p.given = nil
	p.mu.Unlock()
	check()
}

// trouble is what happens in the world meanwhile.
func (w *world) trouble(r *rand.Rand, end time.Time, outsiders bool) {
	for time.Now().Before(end) {
		time.Sleep(time.Duration(r.Int64N(int64(8 * time.Second))))
		w.mu.Lock()
		switch r.IntN(6) {
		case 0:
			clear(w.alive) // the server forgets every token,
		case 1:
			w.family++ // or every login,
			w.refresh = 0
			clear(w.alive)
		case 2:
			w.broken = r.IntN(3) == 0
			w.tell()
		case 3:
			w.stuck = !w.stuck
		case 4:
			if outsiders && w.kind != staticKind { // another program logs in
				w.family, w.refresh = w.family+1, 0
				c := w.token()
				w.stored, w.deleted, w.tried[c.AccessToken] = c, false, true
				w.tell()
			}
		}
		w.mu.Unlock()
	}
}

// disorder lets a few programs live for some minutes in a world made of seed.
func disorder(t *testing.T, seed uint64) {
	synctest.Test(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(seed, 0))
		w := &world{
			t: t, kind: kind(seed % 4), limit: time.Duration(2+r.IntN(6)) * time.Second, random: rand.New(rand.NewPCG(seed, 1)),
			alive: map[string]time.Time{}, tried: map[string]bool{}, dead: map[string]bool{},
		}
		outsiders, quietly, logouts, early := r.IntN(3) == 0, r.IntN(4) == 0, r.IntN(2) == 0, r.IntN(3) == 0
		w.outsiders = outsiders
		life := time.Duration(1+r.IntN(5)) * time.Minute
		processes := 1
		var opts []auth.Option
		var locks auth.Locker // nil: every process renews on its own
		if (r.IntN(8) == 0 || os.Getenv("JETWAY_TEST_SHARED") != "") && w.kind != staticKind {
			processes = 2 + r.IntN(2)
			locks = &tokenstore.FileStore{LockDir: t.TempDir()}
			if w.shared = r.IntN(2) == 0; w.shared {
				locks, w.told = &tokenstore.MemoryStore{}, map[*actor]chan struct{}{}
			}
		}
		if r.IntN(4) == 0 {
			opts = append(opts, auth.WithExpirySkew(time.Duration(r.IntN(20))*time.Second))
		}
		end := time.Now().Add(life)
		var wg sync.WaitGroup
		var all []tenant
		for i := range processes {
			a := &actor{world: w, name: strconv.Itoa(i), rejected: map[string]bool{}}
			a.alone = processes == 1
			p := tenant{a, auth.New(testKey, a.flow(), auth.Env{}, append(opts, auth.WithStore(a.store(locks)))...)}
			all = append(all, p)
			for range 1 + r.IntN(6) {
				mine := rand.New(rand.NewPCG(seed, r.Uint64()))
				wg.Go(func() {
					for time.Now().Before(end) {
						switch n := mine.IntN(100); {
						case n == 0 && !quietly:
							p.login(mine)
						case n == 1 && logouts:
							p.logout(mine)
						case n == 2:
							_ = p.auth.Status()
							_, _ = p.auth.Inspect(context.Background())
						default:
							_ = p.call(mine)
						}
						time.Sleep(time.Duration(mine.Int64N(int64(time.Second) << mine.IntN(6))))
					}
				})
			}
		}
		chaos := rand.New(rand.NewPCG(seed, 2))
		wg.Go(func() { w.trouble(chaos, end, outsiders) })
		if early {
			time.Sleep(time.Duration(r.Int64N(int64(life))))
			w.mu.Lock()
			w.closing = true
			w.mu.Unlock()
			closeAll(all)
		}
		wg.Wait()
		if !early {
			w.mu.Lock()
			w.calm = true
			w.tell()
			w.mu.Unlock()
			time.Sleep(w.limit + time.Second) // a call that hangs times out
			for _, p := range all {
				p.recovers()
			}
			closeAll(all)
		}
		synctest.Wait()
		time.Sleep(time.Minute)
		w.mu.Lock()
		defer w.mu.Unlock()
		if (w.kind == personKind || w.kind == passwordKind) && !w.lost && !outsiders && w.stored != nil && w.stored.Ended == "" && w.stored.AccessToken != "" {
			if got, want := w.stored.RefreshToken, w.refreshToken(); got != want && !w.dead[got] && sameFamily(got, want) {
				w.violatedf("the store holds %s, good is %s", got, want)
			}
		}
	})
}

func sameFamily(a, b string) bool {
	return a != "" && a[:strings.LastIndex(a, "-")] == b[:strings.LastIndex(b, "-")]
}

// recovers: once nothing fails any more, it takes a second at most, or as long as
// a refusal rests.
func (p tenant) recovers() {
	start := time.Now()
	for {
		c, err := p.auth.Credentials(context.Background())
		if err == nil && !p.accepts(c) {
			p.mu.Lock()
			p.asked++
			p.mu.Unlock()
			c, err = p.auth.Refresh(context.Background(), c)
		}
		took := time.Since(start)
		switch {
		case err == nil && p.accepts(c):
			return
		case p.kind == personKind && errors.Is(err, auth.ErrDeclined):
			return
		case took > 2*time.Minute, took > 30*time.Second && !errors.Is(err, auth.ErrRejected):
			p.sayf("%s: still fails %v after all trouble has ended: %v, %v", p.name, took, c, err)
			return
		}
		time.Sleep(time.Second)
	}
}

func closeAll(all []tenant) {
	for _, p := range all {
		_ = p.auth.Close()
		p.mu.Lock()
		p.closed = true
		p.mu.Unlock()
	}
}

// However calls, logins, logouts, renewed sessions, expiry, failing servers and stores, other programs
// and Close fall together: one request at a time, none after Close, nothing handed
// out before it was stored or after it was known to be refused, no person asked out of
// turn, nothing deleted without reason, every call back in time. The environment may
// ask for more seeds, for one, or for several machines that share a store in each.
func TestDisorder(t *testing.T) {
	t.Parallel()
	first, n := 0, 100
	if text := os.Getenv("JETWAY_TEST_SEEDS"); text != "" {
		n, _ = strconv.Atoi(text)
	}
	if text := os.Getenv("JETWAY_TEST_SEED"); text != "" {
		first, _ = strconv.Atoi(text)
		n = 1
	}
	for seed := range n {
		t.Run(strconv.Itoa(first+seed), func(t *testing.T) { disorder(t, uint64(first+seed)) })
	}
}
