package listen

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// pipe connects two ends.
func pipe(t *testing.T) (client, server net.Conn) {
	t.Helper()
	l := inMemory()
	accepted := make(chan net.Conn, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			t.Error(err)
		}
		accepted <- c
	}()
	client, err := l.dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return client, <-accepted
}

func TestMemoryConnCarriesBytes(t *testing.T) {
	t.Parallel()
	client, server := pipe(t)
	sent := bytes.Repeat([]byte("0123456789"), 100_000) // more than fits at once
	go func() {
		if n, err := client.Write(sent); n != len(sent) || err != nil {
			t.Errorf("wrote %d, %v", n, err)
		}
		_ = client.Close()
	}()
	got, err := io.ReadAll(server)
	if err != nil || !bytes.Equal(got, sent) {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
	if _, err := server.Write([]byte("late")); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("writing to a closed end: %v", err)
	}
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("reading from a closed end: %v", err)
	}
}

// A deadline ends pending reads and writes, a later one replaces it, and its error is one
// that crypto/tls treats as temporary.
func TestMemoryConnHonoursDeadlines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, server := pipe(t)
		start := time.Now()
		_ = server.SetReadDeadline(start.Add(time.Minute))
		_, err := server.Read(make([]byte, 1))
		if !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != time.Minute {
			t.Errorf("read: %v after %v", err, time.Since(start))
		}

		go func() {
			time.Sleep(time.Second)
			_ = server.SetReadDeadline(time.Now().Add(-time.Hour))
		}()
		_ = server.SetReadDeadline(time.Time{})
		if _, err := server.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("read while its deadline moves into the past: %v", err)
		}

		_ = server.SetDeadline(time.Time{})
		if _, err := client.Write([]byte("x")); err != nil {
			t.Error(err)
		}
		if n, err := server.Read(make([]byte, 2)); n != 1 || err != nil {
			t.Errorf("read after the deadline was lifted: %d, %v", n, err)
		}

		_ = client.SetWriteDeadline(time.Now().Add(time.Minute))
		n, err := client.Write(make([]byte, memoryPipeRoom+1))
		if n != memoryPipeRoom || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("write into a full pipe: %d, %v", n, err)
		}
		_ = client.Close()
		_ = server.Close()
	})
}

func TestClosedMemoryListenerRefusesConnections(t *testing.T) {
	t.Parallel()
	l := inMemory()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.dial(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("without a call of Accept: %v", err)
	}
	if err := errors.Join(l.Close(), l.Close()); err != nil {
		t.Error(err)
	}
	if _, err := l.dial(t.Context()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("dial: %v", err)
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("accept: %v", err)
	}
}
