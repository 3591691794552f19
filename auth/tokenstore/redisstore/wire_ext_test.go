package redisstore_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore/redisstore"
	"github.com/jetway-go/jetway/internal/secrettest"
)

// proxy passes connections on to a server, records what goes through, and can hold back one
// direction.
type proxy struct {
	addr   string
	target string
	l      net.Listener

	mu      sync.Mutex
	traffic bytes.Buffer
	conns   map[net.Conn]bool
	wg      sync.WaitGroup

	cutRequests, cutAnswers, closed atomic.Bool
}

func newProxy(tb testing.TB, target string) *proxy {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	p := &proxy{addr: l.Addr().String(), target: target, l: l, conns: map[net.Conn]bool{}}
	p.wg.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			p.mu.Lock()
			target := p.target
			p.mu.Unlock()
			out, err := net.Dial("tcp", target)
			if err != nil {
				_ = in.Close()
				continue
			}
			p.mu.Lock()
			p.conns[in], p.conns[out] = true, true
			p.mu.Unlock()
			p.wg.Go(func() { p.pass(out, in, &p.cutRequests) })
			p.wg.Go(func() { p.pass(in, out, &p.cutAnswers) })
		}
	})
	tb.Cleanup(func() {
		p.closed.Store(true)
		_ = l.Close()
		p.redirect("")
		p.wg.Wait()
	})
	return p
}

// redirect ends all connections; the next ones are to another server.
func (p *proxy) redirect(target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = target
	for c := range p.conns {
		_ = c.Close()
	}
	clear(p.conns)
}

// pass copies, and holds back what arrives while cut is set, as a network does that is cut in
// one direction: TCP sends it again afterwards.
func (p *proxy) pass(to, from net.Conn, cut *atomic.Bool) {
	defer func() { _, _ = to.Close(), from.Close() }()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		for cut.Load() && !p.closed.Load() {
			time.Sleep(5 * time.Millisecond)
		}
		if n > 0 {
			p.mu.Lock()
			p.traffic.Write(buf[:n])
			p.mu.Unlock()
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (p *proxy) recorded() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.traffic.String()
}

var _ io.Closer = (*redisstore.Store)(nil)

// Neither what Redis stores nor what goes over the wire shows a token, a user or an endpoint.
func TestADumpAndTheTrafficShowNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t, "--rdbcompression", "no")
	p := newProxy(t, s.addr)
	store, other := storeAt(t, p.addr), storeAt(t, p.addr)
	k := auth.Key{Endpoint: "e9x-canary.example", ClientID: "client-canary", Audience: "audience-canary", Flow: "flow-canary", User: "user-canary", Profile: "profile-canary"}
	c := func(n int) *auth.Credentials {
		return &auth.Credentials{
			AccessToken: fmt.Sprintf("access-canary-%d-61b2", n), RefreshToken: fmt.Sprintf("refresh-canary-%d-07fe", n),
			ClientID: "client-canary", Audience: "audience-canary", Scope: "scope-canary", TokenOrigin: "https://o7r-canary.example", PurposeKnown: true,
		}
	}
	defer store.Watch(k, func() {})()
	must(t, store.Store(t.Context(), k, c(1)))
	l, err := store.Lock(t.Context(), k)
	must(t, err)
	swapped, err := store.Swap(t.Context(), k, c(1).ID(), c(2))
	must(t, err)
	l.Unlock()
	got, err := other.Retrieve(t.Context(), k)
	if !swapped || err != nil || sameLogin(c(2), got) != "" {
		t.Fatalf("%v, %v, %v", swapped, got, err)
	}
	kept := s.dump(t)
	must(t, other.Delete(t.Context(), k))
	all := map[string]string{"dump": string(kept), "dump after the logout": string(s.dump(t)), "traffic": p.recorded()}
	if !strings.Contains(all["traffic"], "jetway:{") || !strings.Contains(all["dump"], "jetway:{") {
		t.Fatal("nothing was recorded")
	}
	for name, text := range all {
		hides(t, name, text, k.Endpoint, k.ClientID, k.Audience, k.Flow, k.User, k.Profile, "scope-canary", "o7r-canary",
			c(1).AccessToken, c(1).RefreshToken, c(2).AccessToken, c(2).RefreshToken, c(1).ID(), c(2).ID(),
			strings.Repeat("\x07", 16), base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)))
	}
}

// hides looks for secrets, and for parts of them, in any form.
func hides(t *testing.T, name, text string, secrets ...string) {
	t.Helper()
	for _, secret := range secrets {
		for i := 0; i+8 <= len(secret); i++ {
			for _, form := range secrettest.Forms(secret[i : i+8]) {
				if strings.Contains(text, form.Text) {
					t.Errorf("the %s has %q as %s", name, secret, form.Text)
					return
				}
			}
		}
	}
}
