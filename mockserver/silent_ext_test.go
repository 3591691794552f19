package mockserver_test

import (
	"net"
	"testing"
	"time"

	"github.com/jetway-go/jetway/mockserver"
)

// A connection that sends nothing must not delay Close.
func TestCloseDoesNotWaitForSilentConnections(t *testing.T) {
	t.Parallel()
	s, err := mockserver.New()
	if err != nil {
		t.Fatal(err)
	}
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", s.Endpoint())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Read(make([]byte, 1)); err != nil { // the server's settings: it has accepted
		t.Fatal(err)
	}
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	select {
	case err := <-closed:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute): // gRPC's own patience is two
		t.Fatal("Close waits for the first word of a connection")
	}
}
