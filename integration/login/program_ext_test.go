package login_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/auth/tokenstore"
	"github.com/jetway-go/jetway/clientset"
	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
)

// patience ends what should have ended long before.
const patience = 5 * time.Minute

// program is somebody's program: a client set with a way to log in, whose HTTP
// requests, log and errors are watched.
type program struct {
	t       *testing.T
	set     *clientset.ClientSet
	backend *service
	wire    *wire
	env     auth.Env // what its flow gets, to call one directly
	kept    *keepsake
	told    *transcript
}

// start makes the program. The login is kept in kept if that is not nil, so that
// two programs can share one.
func (p *provider) start(t *testing.T, f auth.Flow, prompter auth.Prompter, kept *keepsake) *program {
	t.Helper()
	w := newWire(t)
	told := &transcript{}
	if kept == nil {
		kept = &keepsake{}
	}
	clientID, scopes := personClient, p.traits.PersonScopes
	if !auth.TraitsOf(f).Interactive {
		if _, legacy := f.(flow.Password); !legacy {
			clientID, scopes = "", []string{scope}
		}
	}
	backend := p.serve(t)
	config := p.config(w, clientID, scopes...)
	logger := slog.New(slog.NewTextHandler(told, &slog.HandlerOptions{Level: slog.LevelDebug - 4}))
	set, err := clientset.ForEndpoint(backend.address,
		clientset.WithInsecure(), clientset.WithFlow(f), clientset.WithHTTPClient(w.client()), clientset.WithConfigStore(config),
		clientset.WithStore(kept), clientset.WithPrompter(prompter), clientset.WithLogger(logger))
	if err != nil {
		t.Fatal(err)
	}
	prog := &program{
		t: t, set: set, backend: backend, wire: w, kept: kept, told: told,
		env: auth.Env{Endpoint: backend.address, Config: config, HTTP: w.client(), Prompter: prompter, Logger: logger},
	}
	t.Cleanup(func() {
		if err := set.Close(); err != nil {
			t.Error(err)
		}
		if leaks := w.leaks(told.String()); len(leaks) > 0 {
			t.Errorf("log or errors show %v", leaks)
		}
	})
	return prog
}

// whoami makes a call that needs a login, and returns who the backend thinks it is.
func (p *program) whoami() (string, error) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	answer, err := p.set.Identity().UserInfo(ctx, &authpb.UserInfoRequest{})
	return answer.GetSubject(), p.hear(err)
}

// hear keeps an error in all its forms, for the hunt for secrets.
func (p *program) hear(err error) error {
	if err != nil {
		fmt.Fprintf(p.told, "%v\n%+v\n%#v\n", err, err, err)
	}
	return err
}

// mustBe makes a call and fails unless it was made as subject.
func (p *program) mustBe(subject string) {
	p.t.Helper()
	got, err := p.whoami()
	if err != nil {
		p.t.Fatal(err)
	}
	if got != subject {
		p.t.Fatalf("the backend was called by %q, want %q", got, subject)
	}
}

// login is what is kept of the program's login.
func (p *program) login() *auth.Credentials {
	p.t.Helper()
	c := p.kept.last()
	if c == nil {
		p.t.Fatal("no login is kept")
	}
	return c
}

// keepsake is a store that shows what it keeps. All programs of a test share the
// login in it, whatever the address of their backend.
type keepsake struct {
	memory tokenstore.MemoryStore

	mu   sync.Mutex
	kept *auth.Credentials
}

// Store keeps c.
func (k *keepsake) Store(ctx context.Context, key auth.Key, c *auth.Credentials) error {
	k.set(c)
	return k.memory.Store(ctx, shared(key), c)
}

// Retrieve finds it.
func (k *keepsake) Retrieve(ctx context.Context, key auth.Key) (*auth.Credentials, error) {
	return k.memory.Retrieve(ctx, shared(key))
}

// Delete forgets it.
func (k *keepsake) Delete(ctx context.Context, key auth.Key) error {
	k.set(nil)
	return k.memory.Delete(ctx, shared(key))
}

func shared(key auth.Key) auth.Key {
	key.Endpoint = "backend"
	return key
}

func (k *keepsake) set(c *auth.Credentials) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.kept = c
}

func (k *keepsake) last() *auth.Credentials {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.kept
}

// transcript is all that a program said.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (t *transcript) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(b)
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}
