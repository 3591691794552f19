package loopback

import (
	"errors"
	"net"
	"testing"
)

// What was opened before the port turned out to be taken is given back.
func TestListenAllIsAllOrNothing(t *testing.T) {
	t.Parallel()
	var last error
	for range 3 { // another program may take the port in between
		// Given two hosts that cannot have one port both,
		opened, _, err := listenAll(t.Context(), []string{"127.0.0.1", "127.0.0.1"}, 0)
		refused := (*net.OpError)(nil)
		if opened != nil || !errors.As(err, &refused) {
			t.Fatalf("got %v and %v, want nothing but an error about a port", opened, err)
		}
		// then neither has it.
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", refused.Addr.String())
		if err == nil {
			_ = l.Close()
			return
		}
		last = err
	}
	t.Errorf("the port is still held: %v", last)
}
