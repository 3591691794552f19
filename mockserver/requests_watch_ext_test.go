package mockserver_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc/codes"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
	"github.com/jetway-go/jetway/mockserver/requests"
)

func TestWatchRequestsSendsEachWhenItArrivesAndWhenItIsAnswered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := mocktest.New(t, mockserver.WithInMemory(), mockserver.WithOpenAccess())
		conn := connect(t, s)
		wantCode(t, list(t.Context(), conn), codes.OK)
		wantCode(t, list(t.Context(), conn), codes.OK)

		ctx, cancel := context.WithCancel(t.Context())
		var got []requests.Request
		ended := make(chan error, 1)
		go func() {
			ended <- s.WatchRequests(ctx, 1, func(r requests.Request) error {
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
		ended <- s.WatchRequests(t.Context(), 0, func(requests.Request) error {
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
	if err := <-ended; !errors.Is(err, requests.ErrSlow) || sent > 1 {
		t.Errorf("it ended with %v after %d", err, sent)
	}
}

func TestWatchRequestsEndsWithTheErrorOfItsReceiverOrTheServer(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t, mockserver.WithInMemory(), mockserver.WithOpenAccess())
	wantCode(t, list(short(t), connect(t, s)), codes.OK)
	enough := errors.New("enough")
	if err := s.WatchRequests(short(t), 0, func(requests.Request) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("got %v", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.WatchRequests(t.Context(), 1, func(requests.Request) error { return nil }) }()
	if err := errors.Join(s.Close(), <-ended); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestChangesGrowWithWhatHappens(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t, mockserver.WithProject("demo"))
	conn := connect(t, s)
	none := s.Changes()
	token := fetchToken(t, s)
	login := s.Changes()
	if login.Requests <= none.Requests || login.Logins <= none.Logins || login.Runs != none.Runs {
		t.Errorf("a login: %+v, then %+v", none, login)
	}
	if s.Changes() != login {
		t.Error("nothing has happened")
	}
	startRun(with(short(t), token), t, conn)
	if run := s.Changes(); run.Runs <= login.Runs || run.Logins != login.Logins {
		t.Errorf("a run: %+v, then %+v", login, run)
	}
	s.Script().FailNext("*", 1, codes.Internal, "it broke")
	wantCode(t, list(with(short(t), token), conn), codes.Internal)
	latest := s.Latest(1)
	if len(latest) != 1 || latest[0].Number != 3 || latest[0].Reason != "it broke" || latest[0].Took <= 0 {
		t.Errorf("latest: %+v", latest)
	}
	if all := s.Latest(100); len(all) != 3 || all[0].Number != 1 || len(s.Latest(-1)) != 0 {
		t.Errorf("%d requests", len(all))
	}
	s.ResetRequests()
	if len(s.Latest(10)) != 0 || s.Changes().Requests == 0 {
		t.Error("after the reset")
	}
	_ = list(with(short(t), token), conn)
	if got := s.Latest(1)[0].Number; got != 4 {
		t.Errorf("number %d after the reset", got)
	}
}
