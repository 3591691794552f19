package redisstore_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/jetway-go/jetway/auth/tokenstore/redisstore"
)

// server is a redis-server of the test's own, in a directory of its own. JETWAY_TEST_REDIS=valkey
// runs valkey-server and valkey-sentinel instead.
type server struct {
	addr string
	dir  string
	tls  *tls.Config // of clients; nil: without TLS
	args []string
	cmd  *exec.Cmd
	log  bytes.Buffer
}

// newServer starts a server that keeps nothing on the disk, unless args say so.
func newServer(tb testing.TB, args ...string) *server {
	tb.Helper()
	s := &server{addr: freeAddr(tb), dir: tb.TempDir(), args: args}
	s.start(tb)
	tb.Cleanup(s.kill)
	return s
}

// freeAddr returns an address on which nothing listens. Its port is below those that the system
// gives to connections, and a UDP socket of the same number keeps other tests from getting it
// from here until the test ends: servers are killed and start again.
func freeAddr(tb testing.TB) string {
	tb.Helper()
	for range 100 {
		addr := fmt.Sprintf("127.0.0.1:%d", 10_000+rand.IntN(20_000))
		taken, err := net.ListenPacket("udp", addr)
		if err != nil {
			continue
		}
		if l, err := net.Listen("tcp", addr); err == nil {
			tb.Cleanup(func() { _ = taken.Close() })
			_ = l.Close()
			return addr
		}
		_ = taken.Close()
	}
	tb.Fatal("no port is free")
	return ""
}

func (s *server) start(tb testing.TB) {
	tb.Helper()
	_, port, _ := net.SplitHostPort(s.addr)
	ports := []string{"--port", port}
	if s.tls != nil {
		ports = []string{"--port", "0", "--tls-port", port}
	}
	s.launch(tb, "server", append(append(ports,
		"--bind", "127.0.0.1", "--dir", s.dir, "--save", "", "--appendonly", "no",
		"--repl-diskless-sync-delay", "0", "--enable-debug-command", "local",
	), s.args...)...)
	s.awaitPing(tb)
}

func (s *server) launch(tb testing.TB, program string, args ...string) {
	tb.Helper()
	path, err := exec.LookPath(cmp.Or(os.Getenv("JETWAY_TEST_REDIS"), "redis") + "-" + program)
	if err != nil {
		tb.Fatalf("%v: install the Debian packages redis-server and redis-sentinel", err)
	}
	s.cmd = exec.Command(path, args...)
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
}

func (s *server) awaitPing(tb testing.TB) {
	tb.Helper()
	c := redis.NewClient(&redis.Options{Addr: s.addr, TLSConfig: s.tls, MaxRetries: -1, DialTimeout: time.Second})
	defer func() { _ = c.Close() }()
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		err := c.Ping(context.Background()).Err()
		if err == nil || strings.HasPrefix(err.Error(), "NOAUTH") {
			return
		}
		if time.Now().After(end) {
			s.kill()
			tb.Fatalf("redis-server does not start: %v\n%s", err, s.log.String())
		}
	}
}

// kill ends the server as a crash does.
func (s *server) kill() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		s.cmd = nil
	}
}

func (s *server) signal(tb testing.TB, signal syscall.Signal) {
	tb.Helper()
	if err := s.cmd.Process.Signal(signal); err != nil {
		tb.Error(err)
	}
}

// client is a client of the server at addr, as a program makes one.
func client(tb testing.TB, addr string) *redis.Client {
	tb.Helper()
	c := redis.NewClient(&redis.Options{Addr: addr})
	tb.Cleanup(func() { _ = c.Close() })
	return c
}

func (s *server) client(tb testing.TB) *redis.Client {
	tb.Helper()
	return clientWith(tb, &redis.Options{Addr: s.addr, TLSConfig: s.tls})
}

var sealKeys = redisstore.FixedKeys(redisstore.SealKey{ID: "k1", Secret: bytes.Repeat([]byte{7}, 32)})

// store is a Store of its own, as another process has one.
func (s *server) store(tb testing.TB, opts ...redisstore.Option) *redisstore.Store {
	tb.Helper()
	return storeOver(tb, s.client(tb), opts...)
}

func storeAt(tb testing.TB, addr string, opts ...redisstore.Option) *redisstore.Store {
	tb.Helper()
	return storeOver(tb, client(tb, addr), opts...)
}

func storeOver(tb testing.TB, c redis.UniversalClient, opts ...redisstore.Option) *redisstore.Store {
	tb.Helper()
	store := redisstore.New(c, sealKeys, opts...)
	tb.Cleanup(func() { _ = store.Close() })
	return store
}

// commands returns how many commands the server has run, by name, without those of scripts.
func (s *server) commands(tb testing.TB) int {
	tb.Helper()
	info, err := s.client(tb).Info(context.Background(), "stats").Result()
	if err != nil {
		tb.Fatal(err)
	}
	_, after, _ := bytes.Cut([]byte(info), []byte("total_commands_processed:"))
	n, _ := strconv.Atoi(string(bytes.TrimSpace(bytes.SplitN(after, []byte("\n"), 2)[0])))
	return n
}

// dump returns the RDB file of what the server has.
func (s *server) dump(tb testing.TB) []byte {
	tb.Helper()
	if err := s.client(tb).Save(context.Background()).Err(); err != nil {
		tb.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(s.dir, "dump.rdb"))
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// eventually waits until f returns no error.
func eventually(tb testing.TB, limit time.Duration, f func() error) {
	tb.Helper()
	var err error
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if err = f(); err == nil {
			return
		}
	}
	tb.Errorf("after %v: %v", limit, err)
}

func wantf(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}

func clientWith(tb testing.TB, o *redis.Options) *redis.Client {
	tb.Helper()
	c := redis.NewClient(o)
	tb.Cleanup(func() { _ = c.Close() })
	return c
}
