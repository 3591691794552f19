package clientset_test

import (
	"context"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/mockserver"
)

// situation makes one error of docs/errors.md, in a client of its own.
type situation func(t *testing.T) error

// calling makes the error of a call, by a client with these options.
func calling(client func(t *testing.T) (*clientset.ClientSet, error)) situation {
	return func(t *testing.T) error {
		cs, err := client(t)
		if err != nil {
			return err
		}
		t.Cleanup(func() { _ = cs.Close() })
		return list(soon(t), cs)
	}
}

// hurried makes the error of a login with too short a deadline. A slow machine needs
// longer to get as far as want, so the deadline grows.
func hurried(want string, client func(t *testing.T) (*clientset.ClientSet, error)) situation {
	return func(t *testing.T) error {
		cs := made(t)(client(t))
		var err error
		for limit := 200 * time.Millisecond; limit < 3*time.Second; limit *= 2 {
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			err = list(ctx, cs)
			cancel()
			if err != nil && strings.Contains(err.Error(), want) {
				break
			}
		}
		return err
	}
}

// at is a client of a mock without TLS.
func at(s *mockserver.Server, opts ...clientset.Option) (*clientset.ClientSet, error) {
	return clientset.ForEndpoint("http://"+s.Endpoint(), append([]clientset.Option{clientset.WithoutStore()}, opts...)...)
}

func machine(s *mockserver.Server, secret flow.Secret) clientset.Option {
	return clientset.WithFlow(flow.ClientCredentials{ClientID: s.ClientID(), Secret: secret})
}

func secretOf(s *mockserver.Server) flow.Secret { return flow.SecretValue(s.ClientSecret()) }

// closedPort is an address at which no program listens while the test runs: it is the
// near end of a connection.
func closedPort(t *testing.T) string {
	t.Helper()
	taken, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", listening(t).Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	return taken.LocalAddr().String()
}

func listening(t *testing.T) net.Listener {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// situations returns what makes each row of the table occur, by the text of the row.
func situations(t *testing.T) map[string]situation {
	t.Helper()
	all := map[string]situation{}
	for _, part := range []map[string]situation{loginSituations(), connectionSituations(), platformSituations(), wireSituations()} {
		for text, s := range part {
			if all[text] != nil {
				t.Errorf("two situations make %q", text)
			}
			all[text] = s
		}
	}
	return all
}

// Every row of the table in docs/errors.md is an error that occurs, with the code of the
// row.
func TestEveryRowOfTheErrorsPageCanBeProvoked(t *testing.T) {
	t.Parallel()
	_, table, found := strings.Cut(read(t, "../docs/errors.md"), "## What you see")
	table, _, _ = strings.Cut(table, "\n## ")
	rows := regexp.MustCompile("(?m)^\\| `([^`]+)`[^|]*\\| `(\\w+)` \\|").FindAllStringSubmatch(table, -1)
	makers := situations(t)
	if !found || len(rows) != len(makers) {
		t.Errorf("%d rows, and %d situations to check them", len(rows), len(makers))
	}
	for _, row := range rows {
		text, code := row[1], row[2]
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			provoke, ok := makers[text]
			if !ok {
				t.Fatal("nothing here makes this error")
			}
			err := provoke(t)
			if err == nil || !strings.Contains(err.Error(), text) || status.Code(err).String() != code {
				t.Errorf("%v (%v), want %q with %s", err, status.Code(err), text, code)
			}
		})
	}
}
