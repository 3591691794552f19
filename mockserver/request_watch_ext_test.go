package mockserver_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc/codes"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
)

func TestWatchRequestsSendsEachWhenItArrivesAndWhenItIsAnswered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := mocktest.New(t, mockserver.WithInMemory(), mockserver.WithOpenAccess())
		conn := connect(t, s)
		wantCode(t, list(t.Context(), conn), codes.OK)
		wantCode(t, list(t.Context(), conn), codes.OK)

		ctx, cancel := context.WithCancel(t.Context())
		var got []mockserver.Request
		ended := make(chan error, 1)
		go func() {
			ended <- s.WatchRequests(ctx, 1, func(r mockserver.Request) error {
				got = append(got, r)
				return nil
			})
		}()
		synctest.Wait()
		s.ResetRequests() // numbers go on
		wantCode(t, list(t.Context(), conn), codes.OK)
		synctest.Wait()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("it ended with %v", err)
		}
		want := []struct {
			number uint64
			done   bool
		}{{2, true}, {3, false}, {3, true}}
		if len(got) != len(want) {
			t.Fatalf("it sent %v", got)
		}
		for i, w := range want {
			if got[i].Number != w.number || got[i].Done != w.done || got[i].Method != listProjects {
				t.Errorf("it sent %v, want %v", got[i], w)
			}
		}
	})
}

// The server keeps no more than it promises for a receiver that does not take anything.
func TestASlowWatchEndsWithAnError(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t, mockserver.WithInMemory(), mockserver.WithOpenAccess(), mockserver.WithLogger(quiet()))
	conn := connect(t, s)
	wantCode(t, list(short(t), conn), codes.OK)
	sent, blocked, release := 0, make(chan struct{}), make(chan struct{})
	ended := make(chan error, 1)
	go func() {
		ended <- s.WatchRequests(t.Context(), 0, func(mockserver.Request) error {
			if sent++; sent == 1 {
				close(blocked)
				<-release
			}
			return nil
		})
	}()
	<-blocked
	for range 1<<13 + 1 { // each is sent twice
		wantCode(t, list(short(t), conn), codes.OK)
	}
	close(release)
	if err := <-ended; !errors.Is(err, mockserver.ErrSlowWatch) || sent > 1 {
		t.Errorf("it ended with %v after %d", err, sent)
	}
}

func TestWatchRequestsEndsWithTheErrorOfItsReceiverOrTheServer(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t, mockserver.WithInMemory(), mockserver.WithOpenAccess())
	wantCode(t, list(short(t), connect(t, s)), codes.OK)
	enough := errors.New("enough")
	if err := s.WatchRequests(short(t), 0, func(mockserver.Request) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("got %v", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.WatchRequests(t.Context(), 1, func(mockserver.Request) error { return nil }) }()
	if err := errors.Join(s.Close(), <-ended); err != nil {
		t.Errorf("got %v", err)
	}
}
