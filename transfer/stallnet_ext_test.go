package transfer_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/transfer"
)

// The system sends the file, so only its offset shows that the host stopped.
func TestHostThatStopsTakingAFileThatTheSystemSends(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	served := make(chan struct{})
	go func() {
		defer close(served)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		_, _ = io.CopyN(io.Discard, c, 1<<20)
		<-over
	}()
	c := transfer.New(&stub{host: "http://" + l.Addr().String()}, transfer.WithAttempts(1), transfer.WithStallLimit(2*time.Second))
	_, err = c.UploadFile(t.Context(), demo, sparse(t, 256<<20))
	if status.Code(err) != codes.Unavailable {
		t.Errorf("got %v", err)
	}
	close(over)
	_ = l.Close()
	<-served
}

// A large file on a slow link is one that goes on: what was taken of it shows while the
// system sends.
func TestWhatWasTakenOfAFileShowsWhileItIsSent(t *testing.T) {
	t.Parallel()
	const size, some = 256 << 20, 32 << 20
	seen := make(chan struct{})
	srv := storageHost(t, func(_ http.ResponseWriter, r *http.Request) {
		body := bufio.NewReader(r.Body)
		if _, err := io.CopyN(io.Discard, body, some); err != nil {
			t.Error(err)
		}
		select {
		case <-seen:
		case <-r.Context().Done():
		}
		if _, err := io.Copy(io.Discard, body); err != nil {
			t.Error(err)
		}
	})
	once := seen
	c := transfer.New(&stub{host: srv.URL}, transfer.WithProgress(func(p transfer.Progress) {
		if once != nil && p.Bytes >= some && p.Bytes < size {
			close(once)
			once = nil
		}
	}))
	if _, err := c.UploadFile(t.Context(), demo, sparse(t, size)); err != nil {
		t.Error(err)
	}
}
