package redisstore_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/auth/tokenstore/redisstore"
	"github.com/jetway-go/jetway/configstore"
)

const childEnv = "JETWAY_TEST_CHILD"

// hold is where a process stops, once, until it is told to go on or killed.
type hold string

const (
	never         hold = ""
	locked        hold = "locked"        // it has the lease, and has sent nothing
	beforeRequest hold = "beforeRequest" // the refresh token is about to be sent
	answered      hold = "answered"      // the answer is there, and not stored
	stored        hold = "stored"        // the next login is stored, the lease not released
)

// child is the work of one process.
type child struct {
	Redis string        `json:"redis"` // addresses, separated by commas: more than one are Sentinels
	URL   string        `json:"url"`   // of the token endpoint
	Lapse time.Duration `json:"lapse"`
	// Patience is that for a holder that is connected and says nothing; 0 means the usual one,
	// less means none.
	Patience time.Duration `json:"patience"`
	Hold     hold          `json:"hold"`
	// Resume is the file whose appearance makes a process go on that holds.
	Resume string `json:"resume"`
}

// process is a running child. It makes a round for each line that it gets, and says how it
// ended.
type process struct {
	*exec.Cmd
	lines chan string
	in    interface{ Write(p []byte) (int, error) }
	close func() error
	exit  func() error
	file  string // Resume of the child
}

func (c child) launch(tb testing.TB) *process {
	tb.Helper()
	self, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	c.Resume = filepath.Join(tb.TempDir(), "resume")
	work, _ := json.Marshal(c)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childEnv+"="+string(work), "GORACE=atexit_sleep_ms=0", "GOMAXPROCS=2")
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	p := &process{Cmd: cmd, lines: make(chan string, 100), in: in, close: in.Close, file: c.Resume}
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer close(p.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			p.lines <- s.Text()
		}
	}()
	p.exit = sync.OnceValue(func() error { <-read; return cmd.Wait() })
	tb.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = p.exit()
	})
	return p
}

// await returns the rest of the next line, which has to begin with want.
func (p *process) await(tb testing.TB, want string, limit time.Duration) string {
	tb.Helper()
	select {
	case got := <-p.lines:
		rest, ok := strings.CutPrefix(got, want)
		if !ok {
			tb.Errorf("process %d says %q, want %q", p.Process.Pid, got, want)
		}
		return strings.TrimSpace(rest)
	case <-time.After(limit):
		tb.Errorf("process %d says nothing, want %q", p.Process.Pid, want)
		return ""
	}
}

func (p *process) tell(line string) { _, _ = p.in.Write([]byte(line + "\n")) }

func (p *process) signal(tb testing.TB, signal syscall.Signal) {
	tb.Helper()
	if err := p.Process.Signal(signal); err != nil {
		tb.Error(err)
	}
}

func init() { redisstore.RunChild = runChild } //nolint:gochecknoinits // TestMain is of the other package of these tests

// runChild is main of a child.
func runChild() int {
	var c child
	if err := json.Unmarshal([]byte(os.Getenv(childEnv)), &c); err != nil {
		return 1
	}
	client := c.client()
	opts := []redisstore.Option{redisstore.WithLapse(c.Lapse)}
	if c.Patience != 0 {
		opts = append(opts, redisstore.WithPatience(c.Patience))
	}
	store := redisstore.New(client, sealKeys, opts...)
	a := c.authenticator(store)
	say("ready")
	var creds *auth.Credentials
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		what, text, _ := strings.Cut(in.Text(), " ")
		limit, _ := time.ParseDuration(text)
		if what == "use" {
			creds = nil
		}
		creds = round(a, creds, limit)
	}
	_ = a.Close()
	_ = store.Close()
	_ = client.Close()
	return 0
}

// round needs a token, other than the one before if that is not nil, and tries until it has
// one. It says what the program saw meanwhile.
func round(a *auth.Authenticator, before *auth.Credentials, limit time.Duration) *auth.Credentials {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	for tries := 1; ; tries++ {
		var creds *auth.Credentials
		var err error
		if before == nil {
			creds, err = a.Credentials(ctx)
		} else {
			a.Accepted(before)
			creds, err = a.Refresh(ctx, before)
		}
		switch {
		case err == nil && creds != nil:
			say(fmt.Sprintf("ok %s %d", creds.AccessToken, tries))
			return creds
		case err == nil && before == nil: // a call without a token was rejected
			if creds, err = a.Refresh(ctx, nil); err == nil && creds != nil {
				say(fmt.Sprintf("ok %s %d", creds.AccessToken, tries))
				return creds
			}
		}
		if errors.Is(err, auth.ErrInteractionRequired) {
			say("forced " + err.Error())
			return before
		}
		if ctx.Err() != nil {
			say(fmt.Sprintf("failed after %d tries: %v", tries, err))
			return before
		}
		time.Sleep(200 * time.Millisecond)
	}
}

func say(line string) { _, _ = os.Stdout.WriteString(strings.ReplaceAll(line, "\n", " ") + "\n") }

// pause is a stop until the parent ends or kills it, or the file appears: a signal that stops
// and continues the process goes on here.
func pause(file string) {
	say("holding")
	stopped := time.Now()
	for last := stopped; ; time.Sleep(20 * time.Millisecond) {
		now := time.Now() // once a round: a suspension at any point of it counts
		if now.Sub(last) > shortLapse || now.Sub(stopped) > 5*time.Minute {
			return // it was suspended, for longer than a busy machine keeps it waiting, and goes on
		}
		last = now
		if _, err := os.Stat(file); err == nil {
			return
		}
	}
}

// resume makes a process go on that holds.
func (p *process) resume(tb testing.TB) {
	tb.Helper()
	if err := os.WriteFile(p.file, nil, 0o600); err != nil {
		tb.Fatal(err)
	}
}

func (c child) client() redis.UniversalClient {
	o := &redis.UniversalOptions{Addrs: strings.Split(c.Redis, ","), MinIdleConns: 0, PoolSize: 10}
	if len(o.Addrs) > 1 {
		o.MasterName = "jetway"
	}
	return redis.NewUniversalClient(o)
}

func (c child) authenticator(store *redisstore.Store) *auth.Authenticator {
	env := auth.Env{
		Endpoint: key.Endpoint,
		Config:   configstore.Static(configstore.ClientConfig{TokenEndpoint: c.URL, ClientID: "cli"}),
		HTTP: &http.Client{
			Transport:     &holdingTransport{child: c},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	return auth.New(key, flow.Stored{}, env, auth.WithStore(&holdingStore{inner: store, child: c}))
}

type holdingTransport struct {
	child child
	once  sync.Once
}

func (h *holdingTransport) RoundTrip(q *http.Request) (*http.Response, error) {
	if h.child.Hold == beforeRequest {
		h.once.Do(func() { pause(h.child.Resume) })
	}
	q = q.Clone(q.Context())
	q.Header.Set("X-Pid", strconv.Itoa(os.Getpid()))
	res, err := http.DefaultTransport.RoundTrip(q)
	if err == nil && h.child.Hold == answered {
		h.once.Do(func() { pause(h.child.Resume) })
	}
	return res, err
}

// inner embeds the Store under a name that is not that of a method.
type inner = redisstore.Store

type holdingStore struct {
	*inner
	child child
	once  sync.Once
}

func (s *holdingStore) LockUnless(ctx context.Context, k auth.Key, done func() bool) (auth.Lease, error) {
	l, err := s.inner.LockUnless(ctx, k, done)
	if err == nil && s.child.Hold == locked {
		s.once.Do(func() { pause(s.child.Resume) })
	}
	return l, err
}

func (s *holdingStore) Swap(ctx context.Context, k auth.Key, old string, next *auth.Credentials) (bool, error) {
	swapped, err := s.inner.Swap(ctx, k, old, next)
	if err == nil && s.child.Hold == stored {
		s.once.Do(func() { pause(s.child.Resume) })
	}
	return swapped, err
}
