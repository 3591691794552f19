package redisstore_test

import (
	"bufio"
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore/redisstore"
)

// newAnswering starts a server that gives the same answer to every command but those that open a
// connection, and returns its address.
func newAnswering(tb testing.TB, answer string) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer func() { _ = c.Close() }()
				for r := bufio.NewReader(c); ; {
					command, err := readCommand(r)
					if err != nil {
						return
					}
					text := answer
					switch command {
					case "hello":
						text = "-ERR unknown command\r\n"
					case "client":
						text = "+OK\r\n"
					}
					if _, err := c.Write([]byte(text)); err != nil {
						return
					}
				}
			})
		}
	})
	tb.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

// readCommand returns the name of the next command.
func readCommand(r *bufio.Reader) (name string, err error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return "", err
	}
	n, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(line, "*")))
	if err != nil {
		return "", err
	}
	for i := range 2 * n {
		if line, err = r.ReadString('\n'); err != nil {
			return "", err
		}
		if i == 1 {
			name = strings.ToLower(strings.TrimSpace(line))
		}
	}
	return name, nil
}

// Whatever answers: that is an error, and neither a login nor a lease nor the end of the program.
func TestAServerThatAnswersAnythingGivesErrors(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"busy with a script":     "-BUSY Redis is busy running a script.\r\n",
		"loading":                "-LOADING Redis is loading the dataset in memory\r\n",
		"cluster is down":        "-CLUSTERDOWN Hash slot not served\r\n",
		"slot on its way":        "-TRYAGAIN Multiple keys request during rehashing of slot\r\n",
		"another node, for once": "-ASK 3999 127.0.0.1:1\r\n",
		"no master":              "-MASTERDOWN Link with MASTER is down\r\n",
		"too few replicas":       "-NOREPLICAS Not enough good replicas to write.\r\n",
		"disk full":              "-MISCONF Errors writing to the AOF file: No space left on device\r\n",
		"scripts are forgotten":  "-NOSCRIPT No matching script.\r\n",
		"another type":           "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
		"no Redis":               "HTTP/1.1 400 Bad Request\r\n\r\n",
		"nonsense":               "*2\r\n*0\r\n:1\r\n", // at which go-redis panics
		"a number too large":     ":99999999999999999999999\r\n",
		"a negative length":      "$-5\r\nxx\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := storeOver(t, clientWith(t, &redis.Options{Addr: newAnswering(t, answer)}), redisstore.WithTimeLimit(time.Second))
			defer store.Watch(key, func() {})()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			if l, err := store.Lock(ctx, key); l != nil || !errors.Is(err, auth.ErrLeaseRequired) {
				t.Errorf("lock: %v, %v", l, err)
			}
			if c, err := store.Retrieve(t.Context(), key); c != nil || err == nil || errors.Is(err, auth.ErrNoCredentials) {
				t.Errorf("retrieve: %v, %v", c, err)
			}
			if swapped, err := store.Swap(t.Context(), key, login(1).ID(), login(2)); swapped {
				t.Errorf("swap: %v, %v", swapped, err)
			}
			_, listed := store.List(t.Context())
			_, found := store.Find(t.Context(), key)
			for op, err := range map[string]error{
				"store": store.Store(t.Context(), key, login(1)), "delete": store.Delete(t.Context(), key), "list": listed, "find": found,
			} {
				if e, ok := errors.AsType[*auth.Error](err); !ok || e.Err == nil {
					t.Errorf("%s: %v", op, err)
				}
			}
		})
	}
}
