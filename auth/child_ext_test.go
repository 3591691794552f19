package auth_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/auth/tokenstore"
	"github.com/jetway-go/jetway/configstore"
)

// childEnv holds the work of a process that a test has started: a mode, a
// directory, the URL of a token endpoint and a number.
const childEnv = "JETWAY_TEST_CHILD"

var processKey = auth.Key{Endpoint: "flyte.example.com", ClientID: "cli", Flow: auth.StoredFlow}

// child is the work of one process.
type child struct {
	mode string // "once", "timed", "rotate", "refused", "holdBefore", "holdAfter"
	dir  string
	url  string
	n    int
}

func (c child) String() string {
	return strings.Join([]string{c.mode, c.dir, c.url, strconv.Itoa(c.n)}, "\n")
}

// process is a running child. Its lines of output are its progress.
type process struct {
	*exec.Cmd
	lines chan string
	start func() // lets it begin
	exit  func() error
}

func (c child) launch(tb testing.TB) *process {
	tb.Helper()
	self, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childEnv+"="+c.String(), "GORACE=atexit_sleep_ms=0", "GOMAXPROCS=2")
	cmd.Stderr = os.Stderr
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
	p := &process{Cmd: cmd, lines: make(chan string, 1000), start: func() { _ = in.Close() }}
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

// await returns the next line; "" when the process has ended.
func (p *process) await(tb testing.TB, want string) {
	tb.Helper()
	if got := <-p.lines; got != want {
		tb.Errorf("process %d says %q, want %q", p.Process.Pid, got, want)
	}
}

// runChild is main of a child.
func runChild() int {
	parts := strings.Split(os.Getenv(childEnv), "\n")
	n, _ := strconv.Atoi(parts[3])
	c := child{mode: parts[0], dir: parts[1], url: parts[2], n: n}
	a := c.authenticator()
	say("ready")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n') // until the parent closes it

	if c.mode == "refused" {
		return c.refused(a)
	}
	start := time.Now()
	creds, err := within(time.Minute, a.Credentials)
	if c.mode == "timed" && err == nil {
		say(fmt.Sprintf("took %d", time.Since(start)))
		return 0
	}
	for i := 0; err == nil && i < c.n; i++ {
		a.Accepted(creds)
		creds, err = within(time.Minute, func(ctx context.Context) (*auth.Credentials, error) { return a.Refresh(ctx, creds) })
		say("rotated")
	}
	if err != nil || creds == nil {
		say(fmt.Sprintf("failed: %v, %v", creds, err))
		return 1
	}
	say(creds.AccessToken)
	return 0
}

// refused makes calls for c.n seconds, and the backend refuses every token.
func (c child) refused(a *auth.Authenticator) int {
	for end := time.Now().Add(time.Duration(c.n) * time.Second); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		_, err := within(time.Minute, func(ctx context.Context) (*auth.Credentials, error) { return nil, call(ctx, a, never) })
		if status.Code(err) != codes.Unauthenticated {
			say(fmt.Sprintf("failed: %v", err))
			return 1
		}
	}
	say("done")
	return 0
}

// within gives each step a time of its own: how many there are is the test's choice.
func within(limit time.Duration, step func(context.Context) (*auth.Credentials, error)) (*auth.Credentials, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	return step(ctx)
}

func say(line string) { _, _ = os.Stdout.WriteString(line + "\n") }

func (c child) authenticator() *auth.Authenticator {
	file := &tokenstore.FileStore{Dir: filepath.Join(c.dir, "credentials"), LockDir: filepath.Join(c.dir, "locks")}
	var store auth.Store = file
	if c.mode == "holdAfter" {
		store = holdingStore{file}
	}
	env := auth.Env{
		Endpoint: processKey.Endpoint,
		Config:   configstore.Static(configstore.ClientConfig{TokenEndpoint: c.url, ClientID: "cli"}),
		HTTP: &http.Client{
			Transport:     childTransport{hold: c.mode == "holdBefore"},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	return auth.New(processKey, flow.Stored{}, env, auth.WithStore(store))
}

// childTransport names the process, and may stop in front of the request.
type childTransport struct{ hold bool }

func (c childTransport) RoundTrip(q *http.Request) (*http.Response, error) {
	if c.hold {
		say("holding")
		select {}
	}
	q = q.Clone(q.Context())
	q.Header.Set("X-Pid", strconv.Itoa(os.Getpid()))
	return http.DefaultTransport.RoundTrip(q)
}

// holdingStore stops for ever once a login is stored.
type holdingStore struct{ *tokenstore.FileStore }

func (s holdingStore) Store(ctx context.Context, k auth.Key, c *auth.Credentials) error {
	if err := s.FileStore.Store(ctx, k, c); err != nil {
		return err
	}
	say("holding")
	select {}
}
