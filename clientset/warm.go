package clientset

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/jetway-go/jetway/configstore"
)

const (
	dialLimit      = 10 * time.Second
	handshakeLimit = 10 * time.Second
	// warmLimit is how long an opened connection waits for its request: servers close
	// those that send none, and a request on such a one would be lost.
	warmLimit = 5 * time.Second
)

// dialTCP opens a connection, as net.Dialer does.
type dialTCP func(ctx context.Context, network, address string) (net.Conn, error)

// earlyTLS makes the TLS connections of the HTTP client. It can open one before there is
// a request: the token request then finds it ready, and does not wait until discovery has
// ended for two round trips more.
type earlyTLS struct {
	dial dialTCP
	tls  *tls.Config

	mu      sync.Mutex
	waiting map[string]chan *tls.Conn // by address; a closed channel means that there is none
}

func newEarlyTLS(dial dialTCP, cfg *tls.Config) *earlyTLS {
	cfg = cfg.Clone()
	cfg.NextProtos = []string{"h2", "http/1.1"}
	return &earlyTLS{dial: dial, tls: cfg, waiting: map[string]chan *tls.Conn{}}
}

// DialTLS returns the connection that was opened for address, or a new one.
func (d *earlyTLS) DialTLS(ctx context.Context, network, address string) (net.Conn, error) {
	d.mu.Lock()
	opened := d.waiting[address]
	delete(d.waiting, address)
	d.mu.Unlock()
	if opened != nil {
		select {
		case conn := <-opened:
			if conn != nil {
				return conn, nil
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return d.connect(ctx, network, address)
}

func (d *earlyTLS) connect(ctx context.Context, network, address string) (*tls.Conn, error) {
	dialling, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	raw, err := d.dial(dialling, network, address)
	if err != nil {
		return nil, err
	}
	cfg := d.tls.Clone()
	if cfg.ServerName, _, err = net.SplitHostPort(address); err != nil {
		_ = raw.Close()
		return nil, err
	}
	shaking, cancel := context.WithTimeout(ctx, handshakeLimit)
	defer cancel()
	conn := tls.Client(raw, cfg)
	if err := conn.HandshakeContext(shaking); err != nil {
		_ = raw.Close()
		return nil, err
	}
	return conn, nil
}

// open opens a connection for the next request to address, until closed is closed. It does
// not wait for it.
func (d *earlyTLS) open(address string, closed <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.waiting[address] != nil {
		return
	}
	opened := make(chan *tls.Conn)
	d.waiting[address] = opened
	go func() {
		defer close(opened)
		ctx, cancel := context.WithCancel(context.Background()) //nolint:forbidigo // belongs to no caller
		defer cancel()
		go func() {
			select {
			case <-closed:
				cancel()
			case <-ctx.Done():
			}
		}()
		conn, err := d.connect(ctx, "tcp", address)
		if err == nil && !d.handOver(ctx, conn, opened) {
			_ = conn.Close()
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.waiting[address] == opened {
			delete(d.waiting, address)
		}
	}()
}

// handOver waits for a request that takes the connection, and reports whether one did.
func (*earlyTLS) handOver(ctx context.Context, conn *tls.Conn, opened chan<- *tls.Conn) bool {
	limit := time.NewTimer(warmLimit)
	defer limit.Stop()
	select {
	case opened <- conn:
		return true
	case <-limit.C:
		return false
	case <-ctx.Done():
		return false
	}
}

// warm opens a connection to the server of a token endpoint, where the program's own
// settings name it, or else to the backend's own authority, where many deployments have
// it. Endpoints without TLS, behind a proxy, or reached by a client that the program gave
// get none.
func (n *network) warm(address string, closed <-chan struct{}) {
	u, err := url.Parse(address)
	if n.early == nil || err != nil || u.Scheme != "https" || u.Hostname() == "" {
		return
	}
	if through, err := n.proxy(&http.Request{URL: u, Header: http.Header{}}); err != nil || through != nil {
		return
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	n.early.open(net.JoinHostPort(u.Hostname(), port), closed)
}

// warmingStore opens the connection to the token endpoint beside the first question to a
// store. Later there are connections.
type warmingStore struct {
	configstore.ClientConfigStore

	open func()
}

func warming(s configstore.ClientConfigStore, n *network, address string, closed <-chan struct{}) configstore.ClientConfigStore {
	return warmingStore{s, sync.OnceFunc(func() { n.warm(address, closed) })}
}

func (s warmingStore) ClientConfig(ctx context.Context) (configstore.ClientConfig, error) {
	s.open()
	return s.ClientConfigStore.ClientConfig(ctx)
}

// Invalidate forwards to the store.
func (s warmingStore) Invalidate() {
	if inv, ok := s.ClientConfigStore.(configstore.Invalidator); ok {
		inv.Invalidate()
	}
}
