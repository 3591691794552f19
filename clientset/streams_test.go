package clientset

import (
	"context"
	"testing"

	"google.golang.org/grpc"
)

// open counts what is linked.
func (r *streams) open() (n int) {
	for s := r.ring.after; s != nil && s != &r.ring; s = s.after {
		n++
	}
	return n
}

// Streams that a program neither reads to their end nor cancels would be kept for ever;
// those whose context is over are not.
func TestAbandonedStreamsDoNotPileUp(t *testing.T) {
	t.Parallel()
	set := ForConn(nil)
	begin := func(ctx context.Context) *stream {
		if !set.gate.enter() {
			t.Fatal("the gate is shut")
		}
		return newStream(ctx, set, &grpc.StreamDesc{ServerStreams: true}, "/s/m", nil)
	}
	living := begin(t.Context())
	for range 1000 {
		ctx, cancel := context.WithCancel(t.Context())
		begin(ctx)
		cancel()
	}
	if n := set.streams.open(); n > 10 {
		t.Errorf("%d streams are kept, want the living one and a few", n)
	}

	// Shutdown waits for the living one only, and the end of that counts once.
	empty := set.gate.drain()
	set.streams.watch()
	living.leave()
	living.leave()
	select {
	case <-empty:
	case <-t.Context().Done():
	}
	if n, left := set.streams.open(), set.gate.count.Load(); left != draining {
		t.Errorf("%d streams are left, and the gate counts %d", n, left-draining)
	}
}
