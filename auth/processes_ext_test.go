package auth_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore"
)

// computer is a directory with one login that many processes share.
type computer struct {
	dir   string
	store *tokenstore.FileStore
}

func newComputer(tb testing.TB, c *auth.Credentials) computer {
	tb.Helper()
	m := computer{dir: tb.TempDir()}
	m.store = &tokenstore.FileStore{Dir: filepath.Join(m.dir, "credentials")}
	m.keep(tb, c)
	return m
}

func (m computer) keep(tb testing.TB, c *auth.Credentials) {
	tb.Helper()
	if err := m.store.Store(tb.Context(), processKey, c); err != nil {
		tb.Error(err)
	}
}

// refresh is the stored refresh token.
func (m computer) refresh(t *testing.T) string {
	t.Helper()
	c, err := m.store.Retrieve(t.Context(), processKey)
	if err != nil {
		t.Error(err)
		return ""
	}
	return c.RefreshToken
}

const crowd = 50

// Fifty processes find one expired login at once.
func TestProcessesRenewOnce(t *testing.T) {
	t.Parallel()
	r := newRotation(t)
	m := newComputer(t, r.login(true))
	work := child{mode: "once", dir: m.dir, url: r.url}
	var all []*process
	for range crowd {
		all = append(all, work.launch(t))
	}
	for _, p := range all {
		p.await(t, "ready")
	}
	for _, p := range all {
		p.start()
	}
	for _, p := range all {
		p.await(t, "access-1-1")
		if err := p.exit(); err != nil {
			t.Error(err)
		}
	}
	if requests, reuses, refused := r.counts(); requests != 1 || reuses != 0 || refused != 0 {
		t.Errorf("%d requests, %d reuses, %d refused; want 1, 0, 0", requests, reuses, refused)
	}
	if got := m.refresh(t); got != r.newest() {
		t.Errorf("stored is %s, good is %s", got, r.newest())
	}
	// No process deletes the lock file, or another process would lock a new one.
	if files, err := os.ReadDir(filepath.Join(m.dir, "locks")); err != nil || len(files) != 1 {
		t.Errorf("lock files: %v, %v", files, err)
	}
}

// A backend refuses every new token, and fifty processes share the login: the pauses between
// their token requests double, from one second, as those of one process do.
func TestProcessesBackOffTogetherWhereEveryTokenIsRefused(t *testing.T) {
	t.Parallel()
	r := newRotation(t)
	m := newComputer(t, r.login(true))
	const seconds = 6
	work := child{mode: "refused", dir: m.dir, url: r.url, n: seconds}
	var all []*process
	for range crowd {
		all = append(all, work.launch(t))
	}
	for _, p := range all {
		p.await(t, "ready")
	}
	start := time.Now()
	for _, p := range all {
		p.start()
	}
	for _, p := range all {
		p.await(t, "done")
		if err := p.exit(); err != nil {
			t.Error(err)
		}
	}
	// One for the login that has expired, one at once, and the others at 1, 3, 7 ... seconds.
	most := 3
	for at, pause := time.Second, 2*time.Second; at <= time.Since(start); at, pause = at+pause, 2*pause {
		most++
	}
	if requests, reuses, refused := r.counts(); requests < 3 || requests > most || reuses != 0 || refused != 0 {
		t.Errorf("%d requests, want %d at most; %d reuses, %d refused", requests, most, reuses, refused)
	}
}

// The one that renews is killed while it holds the lock.
func TestProcessesSurviveTheDeathOfTheHolder(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"holdBefore", "holdAfter"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			r := newRotation(t)
			m := newComputer(t, r.login(true))
			holder := child{mode: mode, dir: m.dir, url: r.url}.launch(t)
			holder.await(t, "ready")
			holder.start()
			holder.await(t, "holding")
			var all []*process
			for range 8 {
				p := child{mode: "rotate", dir: m.dir, url: r.url}.launch(t)
				p.await(t, "ready")
				p.start()
				all = append(all, p)
			}
			if err := holder.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			for _, p := range all {
				p.await(t, "access-1-1")
			}
			if requests, reuses, refused := r.counts(); requests != 1 || reuses != 0 || refused != 0 {
				t.Errorf("%d requests, %d reuses, %d refused; want 1, 0, 0", requests, reuses, refused)
			}
			if got := m.refresh(t); got != r.newest() {
				t.Errorf("stored is %s, good is %s", got, r.newest())
			}
		})
	}
}

// rotations is how often each of eight processes has its login rejected. The
// environment may ask for more.
func rotations(t *testing.T) int {
	t.Helper()
	n := 200
	if text := os.Getenv("JETWAY_TEST_ROTATIONS"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

func TestProcessesRotateWithoutEnd(t *testing.T) {
	t.Parallel()
	r := newRotation(t)
	m := newComputer(t, r.login(false))
	n := rotations(t)
	var all []*process
	for range 8 {
		p := child{mode: "rotate", dir: m.dir, url: r.url, n: n}.launch(t)
		p.await(t, "ready")
		all = append(all, p)
	}
	for _, p := range all {
		p.start()
	}
	for _, p := range all {
		rotated := 0
		for line := range p.lines {
			if strings.HasPrefix(line, "failed") {
				t.Error(line)
			}
			if line == "rotated" {
				rotated++
			}
		}
		if err := p.exit(); err != nil || rotated != n {
			t.Errorf("%d rotations, %v", rotated, err)
		}
	}
	requests, reuses, refused := r.counts()
	t.Logf("8 processes, %d rejections each: %d token requests", n, requests)
	if reuses != 0 || refused != 0 {
		t.Errorf("%d forced logins, %d refused", reuses, refused)
	}
	if got := m.refresh(t); got != r.newest() {
		t.Errorf("stored is %s, good is %s", got, r.newest())
	}
}

// Processes are killed at random while they renew. Where a server gives the token
// before the newest another chance, no person ever has to log in. Where it does not,
// each kill between its answer and the store costs one login, and nothing else does.
func TestProcessesKilledAtRandom(t *testing.T) {
	t.Parallel()
	for _, grace := range []bool{true, false} {
		t.Run("grace "+strconv.FormatBool(grace), func(t *testing.T) {
			t.Parallel()
			r := newRotation(t)
			r.grace = grace
			m := newComputer(t, r.login(false))
			// A person logs in again at once, so that each loss counts once.
			r.mu.Lock()
			r.ended = func() { m.keep(t, r.loginLocked(false)) }

			running := sync.Map{} // pid → *process
			kill := func(pid string) bool {
				p, ok := running.Load(pid)
				if !ok {
					return false
				}
				running.Delete(pid)
				_ = p.(*process).Process.Kill()
				_ = p.(*process).exit()
				return true
			}
			var kills, lost, started atomic.Int64
			random := rand.New(rand.NewPCG(1, 2)) // this and calm are used under the lock of r
			calm := false
			r.arrived = func(pid string) bool {
				if _, alive := running.Load(pid); !alive {
					return true // sent before the kill, seen after it
				}
				if calm || random.IntN(20) > 0 || !kill(pid) {
					return false
				}
				kills.Add(1)
				return true
			}
			r.answered = func(pid, issued string) {
				if calm || random.IntN(8) > 0 {
					return
				}
				time.Sleep(time.Duration(random.IntN(6_000)) * time.Microsecond)
				if !kill(pid) {
					return
				}
				kills.Add(1)
				if m.refresh(t) != issued { // no other can have stored: all wait for us
					lost.Add(1)
				}
			}
			r.mu.Unlock()
			n := rotations(t) / 5
			var slots sync.WaitGroup
			for range 4 {
				slots.Go(func() {
					for done := 0; done < n; {
						p := child{mode: "rotate", dir: m.dir, url: r.url, n: n - done}.launch(t)
						running.Store(strconv.Itoa(p.Process.Pid), p)
						p.start()
						for line := range p.lines {
							if strings.HasPrefix(line, "failed") {
								t.Error(line)
							}
							if line == "rotated" {
								done++
							}
						}
						_ = p.exit()
						started.Add(1)
					}
				})
			}
			slots.Wait()
			// The next process finds what the last kill left.
			p := child{mode: "rotate", dir: m.dir, url: r.url, n: 1}.launch(t)
			running.Store(strconv.Itoa(p.Process.Pid), p)
			r.mu.Lock()
			calm = true
			r.mu.Unlock()
			p.start()
			if err := p.exit(); err != nil {
				t.Error(err)
			}
			requests, reuses, refused := r.counts()
			t.Logf("%d token requests, %d processes, %d kills, %d between answer and store, %d forced logins",
				requests, started.Load(), kills.Load(), lost.Load(), reuses)
			want := int64(0)
			if !grace {
				want = lost.Load()
			}
			if int64(reuses) != want || refused != 0 {
				t.Errorf("%d forced logins, want %d; %d refused", reuses, want, refused)
			}
			if kills.Load() < 3 {
				t.Errorf("only %d kills", kills.Load())
			}
		})
	}
}
