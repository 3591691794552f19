package mockserver_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/backend"
	"github.com/jetway-go/jetway/mockserver/mocktest"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

func TestRevokedAndExpiredTokensAreRejected(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t)
	conn := connect(t, s)
	for name, end := range map[string]func(){
		"revoked": s.Script().RevokeTokens, "logins revoked": s.Script().RevokeLogins, "expired": s.Script().ExpireTokens,
	} {
		token := fetchToken(t, s)
		wantCode(t, list(with(short(t), token), conn), codes.OK)
		end()
		err := list(with(short(t), token), conn)
		wantCode(t, err, codes.Unauthenticated)
		if strings.Contains(status.Convert(err).Message(), token) {
			t.Errorf("%s: the answer repeats the token", name)
		}
		wantCode(t, list(with(short(t), fetchToken(t, s)), conn), codes.OK)
	}
}

func TestRejectNextRejectsExactlyN(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t)
	conn := connect(t, s)
	ctx := with(short(t), fetchToken(t, s))
	s.Script().RejectNext(2)

	// Neither open methods nor calls without a good token use it up.
	if _, err := authpb.NewAuthMetadataServiceClient(conn).GetPublicClientConfig(ctx, &authpb.GetPublicClientConfigRequest{}); err != nil {
		t.Error(err)
	}
	wantCode(t, list(short(t), conn), codes.Unauthenticated)

	wantCode(t, list(ctx, conn), codes.Unauthenticated)
	_, err := watch(ctx, t, conn).Recv()
	wantCode(t, err, codes.Unauthenticated)
	wantCode(t, list(ctx, conn), codes.OK)
}

func TestFailNextFailsExactlyN(t *testing.T) {
	t.Parallel()
	for _, method := range []string{
		listProjects, strings.TrimPrefix(listProjects, "/"), "/flyteidl2.project.ProjectService/*", "*", "",
	} {
		s := mocktest.New(t)
		conn := connect(t, s)
		ctx := with(short(t), fetchToken(t, s))
		s.Script().FailNext(method, 2, codes.Unavailable, "later")
		s.Script().FailNext(method, 1, codes.ResourceExhausted, "enough")
		s.Script().FailNext(method, 1, codes.OK, "no failure")

		if _, err := authpb.NewAuthMetadataServiceClient(conn).GetPublicClientConfig(ctx, &authpb.GetPublicClientConfigRequest{}); err != nil {
			t.Errorf("%q hit an open method: %v", method, err)
		}
		err := list(ctx, conn)
		wantCode(t, err, codes.Unavailable)
		if status.Convert(err).Message() != "later" {
			t.Errorf("message %q", status.Convert(err).Message())
		}
		wantCode(t, list(ctx, conn), codes.Unavailable)
		wantCode(t, list(ctx, conn), codes.ResourceExhausted)
		wantCode(t, list(ctx, conn), codes.OK)
	}
}

// Methods that need no access token fail only if they are named.
func TestFailNextFailsAnOpenMethodByName(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t)
	metadata := authpb.NewAuthMetadataServiceClient(connect(t, s))
	s.Script().FailNext("/flyteidl2.auth.AuthMetadataService/*", 1, codes.Unimplemented, "an older server")
	_, err := metadata.GetPublicClientConfig(short(t), &authpb.GetPublicClientConfigRequest{})
	wantCode(t, err, codes.Unimplemented)
	_, err = metadata.GetPublicClientConfig(short(t), &authpb.GetPublicClientConfigRequest{})
	wantCode(t, err, codes.OK)
}

func TestFailNextLeavesOtherMethodsAlone(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t)
	conn := connect(t, s)
	s.Script().FailNext(watchRuns, 1, codes.Internal, "")
	wantCode(t, list(with(short(t), fetchToken(t, s)), conn), codes.OK)
}

func TestFailEveryFailsOneCallInN(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t)
	conn := connect(t, s)
	ctx := with(short(t), fetchToken(t, s))
	s.Script().FailEvery("*", 2, codes.Unavailable, "replaced below")
	s.Script().FailEvery("*", 3, codes.Unavailable, "")
	s.Script().FailEvery(listProjects, 2, codes.Aborted, "")
	for i, want := range []codes.Code{codes.OK, codes.Aborted, codes.Unavailable, codes.Aborted, codes.OK, codes.Aborted} {
		if got := status.Code(list(ctx, conn)); got != want && i != 5 { // both are due at the sixth
			t.Errorf("call %d: %v, want %v", i+1, got, want)
		}
	}
	s.Script().FailEvery(listProjects, 0, codes.Aborted, "")
	s.Script().FailEvery("*", 1, codes.OK, "")
	for range 6 {
		wantCode(t, list(ctx, conn), codes.OK)
	}
}

func TestFailNextFailsExactlyNOfConcurrentCalls(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t)
	conn := connect(t, s)
	ctx := with(short(t), fetchToken(t, s))
	s.Script().FailNext("*", 7, codes.Aborted, "")
	var failed atomic.Int64
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if status.Code(list(ctx, conn)) == codes.Aborted {
				failed.Add(1)
			}
		})
	}
	wg.Wait()
	if failed.Load() != 7 {
		t.Errorf("%d calls failed", failed.Load())
	}
}

func TestDelayDelaysCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := mocktest.New(t, mockserver.WithInMemory(), mockserver.WithOAuth(oauth.Config{TokenTTL: 24 * time.Hour}))
		conn := connect(t, s)
		ctx := with(t.Context(), fetchToken(t, s))
		s.Script().Delay(listProjects, 40*time.Second)
		s.Script().Delay("*", 2*time.Second)

		start := time.Now()
		wantCode(t, list(ctx, conn), codes.OK)
		if took := time.Since(start); took != 42*time.Second {
			t.Errorf("took %v", took)
		}
		hurried, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		wantCode(t, list(hurried, conn), codes.DeadlineExceeded)

		s.Script().Delay(listProjects, 0)
		s.Script().Delay("*", 0)
		start = time.Now()
		wantCode(t, list(ctx, conn), codes.OK)
		if took := time.Since(start); took != 0 {
			t.Errorf("undelayed call took %v", took)
		}
	})
}

// A token that is revoked during the hold ends the call.
func TestHeldCallChecksItsTokenAgain(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		revoke bool
		method string
		call   func(context.Context, *testing.T, *mockserver.Server) error
		want   codes.Code
	}{
		{"unary, revoked", true, listProjects, callList, codes.Unauthenticated},
		{"unary, still good", false, listProjects, callList, codes.OK},
		{"stream, revoked", true, watchGroups, callWatch, codes.Unauthenticated},
		{"stream, still good", false, watchGroups, callWatch, codes.OK},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := mocktest.New(t)
			hold := s.Script().Hold(tt.method)
			ctx := with(short(t), fetchToken(t, s))
			verdict := make(chan error, 1)
			go func() { verdict <- tt.call(ctx, t, s) }()
			<-hold.Arrived()
			if tt.revoke {
				s.Script().RevokeTokens()
			}
			select {
			case err := <-verdict:
				t.Fatalf("did not wait: %v", err)
			default:
			}
			hold.Release()
			hold.Release()
			wantCode(t, <-verdict, tt.want)
		})
	}
}

func callList(ctx context.Context, t *testing.T, s *mockserver.Server) error {
	t.Helper()
	return list(ctx, connect(t, s))
}

func callWatch(ctx context.Context, t *testing.T, s *mockserver.Server) error {
	t.Helper()
	stream, err := groups(ctx, connect(t, s), s)
	if err != nil {
		return err
	}
	_, err = stream.Recv()
	return err
}

func TestHoldEndsWithItsCallAndWithTheServer(t *testing.T) {
	t.Parallel()
	s, err := mockserver.New()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithCancel(with(short(t), fetchToken(t, s)))
	first, second := s.Script().Hold("*"), s.Script().Hold("*")

	go func() { <-first.Arrived(); cancel() }()
	wantCode(t, list(ctx, connect(t, s)), codes.Canceled)

	go func() { <-second.Arrived(); _ = s.Close() }()
	wantCode(t, list(with(short(t), fetchToken(t, s)), connect(t, s)), codes.Unavailable)
}

func TestBreakStreamEndsAfterNMessages(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name       string
		after, got int
		code       codes.Code
	}{
		{"before any message", 0, 0, codes.Unauthenticated},
		{"after one", 1, 1, codes.Unauthenticated},
		{"after two", 2, 2, codes.Unavailable},
		{"less than none", -1, 0, codes.Unavailable},
		{"as if complete", 1, 1, codes.OK},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := mocktest.New(t, mockserver.WithProject("demo"))
			conn, ctx := connect(t, s), with(short(t), fetchToken(t, s))
			s.Backend().SetTimeline("", endless())
			action := startRun(ctx, t, conn)
			s.Script().BreakStream("/flyteidl2.workflow.RunService/WatchActionDetails", tt.after, tt.code, "gone")

			stream, err := workflowpb.NewRunServiceClient(conn).WatchActionDetails(ctx, &workflowpb.WatchActionDetailsRequest{ActionId: action})
			if err != nil {
				t.Fatal(err)
			}
			got := 0
			for err == nil {
				if _, err = stream.Recv(); err == nil {
					got++
					s.Backend().Advance()
				}
			}
			if errors.Is(err, io.EOF) {
				err = nil
			}
			wantCode(t, err, tt.code)
			if got != tt.got {
				t.Errorf("%d messages came, want %d", got, tt.got)
			}
		})
	}
}

// endless takes a step at each Advance and never ends, so that a watch of it ends
// only when something makes it.
func endless() backend.Timeline {
	return backend.Timeline{Steps: []backend.Step{
		{Manual: true, Phase: commonpb.ActionPhase_ACTION_PHASE_INITIALIZING},
		{Manual: true, Phase: commonpb.ActionPhase_ACTION_PHASE_RUNNING},
	}}
}

// Tests of the backend show what watches do; this one that the script reaches it.
func TestScriptEndsWatchesAtTheirDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := mocktest.New(t, mockserver.WithInMemory())
		conn := connect(t, s)
		ctx, cancel := context.WithTimeout(with(t.Context(), fetchToken(t, s)), 10*time.Second)
		defer cancel()
		s.Script().EndWatchesAtDeadline(true)
		start := time.Now()

		_, err := watch(ctx, t, conn).Recv()

		if !errors.Is(err, io.EOF) {
			t.Errorf("got %v, want a regular end", err)
		}
		if took := time.Since(start); took < 9*time.Second || took >= 10*time.Second {
			t.Errorf("ended after %v", took)
		}
	})
}

func TestResetStopsEveryFault(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t, mockserver.WithHTTPFront())
	script := s.Script()
	script.RejectNext(5)
	script.FailNext("*", 5, codes.Internal, "")
	script.Delay("*", time.Hour)
	script.Hold("*")
	if err := errors.Join(script.AnswerHTTP("*", 5, mockserver.HTTPAnswer{}), script.AnswerRejections(&mockserver.HTTPAnswer{})); err != nil {
		t.Fatal(err)
	}
	script.Reset()
	wantCode(t, list(with(short(t), fetchToken(t, s)), connect(t, s)), codes.OK)
}

func TestResetReleasesHeldCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := mocktest.New(t, mockserver.WithInMemory())
		conn, ctx := connect(t, s), with(short(t), fetchToken(t, s))
		hold := s.Script().Hold(listProjects)
		waiting := make(chan error, 1)
		go func() { waiting <- list(ctx, conn) }()
		<-hold.Arrived()

		s.Script().Reset()

		wantCode(t, <-waiting, codes.OK)
	})
}
