package clientset

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/connectivity"
)

const (
	// maxReconnect is the longest wait, varied at random, between two attempts to connect:
	// after an outage calls work again within three seconds.
	maxReconnect = 1500 * time.Millisecond
	// connectLimit is gRPC's own for an attempt, the TLS handshake included.
	connectLimit = 20 * time.Second
	// hurryEvery limits how often calls that fail have the connection made at once.
	hurryEvery = time.Second
)

func reconnecting() grpc.ConnectParams {
	b := backoff.DefaultConfig
	b.MaxDelay = maxReconnect
	return grpc.ConnectParams{Backoff: b, MinConnectTimeout: connectLimit}
}

// hurry has the connection attempted at once instead of after the wait, since a call
// needs it.
func (c *ClientSet) hurry() {
	if c.conn == nil || c.conn.GetState() != connectivity.TransientFailure {
		return
	}
	now := time.Now()
	if last := c.hurried.Load(); last != nil && now.Sub(*last) < hurryEvery {
		return
	} else if c.hurried.CompareAndSwap(last, &now) {
		c.conn.ResetConnectBackoff()
	}
}

// pause waits for a connection, for at most wait, and returns the remaining time: nothing
// if there is a connection now, so that a call does not pause any longer than it has to.
func (c *ClientSet) pause(ctx context.Context, wait time.Duration) (rest time.Duration) {
	limited, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	rest = wait
	for state := c.conn.GetState(); state != connectivity.Ready; state = c.conn.GetState() {
		if state == connectivity.Shutdown || ctx.Err() != nil {
			return wait
		}
		if rest = 0; !c.conn.WaitForStateChange(limited, state) && ctx.Err() == nil {
			return 0
		}
	}
	return rest
}

// waitsForConnection reports whether the options say that the call is to wait for a
// connection, where others fail.
func waitsForConnection(opts []grpc.CallOption) bool {
	for _, o := range opts {
		if waits, ok := o.(grpc.FailFastCallOption); ok && !waits.FailFast {
			return true
		}
	}
	return false
}
