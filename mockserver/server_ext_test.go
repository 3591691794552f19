package mockserver_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/backend"
	"github.com/jetway-go/jetway/mockserver/mocktest"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

func TestCloseWorksTwiceAndUnderLoad(t *testing.T) {
	t.Parallel()
	for _, options := range [][]mockserver.Option{nil, {mockserver.WithHTTPFront()}, {mockserver.WithHTTPFront(), mockserver.WithTLS()}} {
		s, err := mockserver.New(options...)
		if err != nil {
			t.Fatal(err)
		}
		conn := connect(t, s)
		ctx := with(short(t), fetchToken(t, s))
		open, held := s.Script().Hold(watchRuns), s.Script().Hold(listProjects)
		stream := watch(ctx, t, conn)
		<-open.Arrived()
		open.Release()
		waiting := make(chan error, 1)
		go func() { waiting <- list(ctx, conn) }()
		<-held.Arrived()

		if err := errors.Join(s.Close(), s.Close()); err != nil {
			t.Error(err)
		}

		if err := <-waiting; status.Code(err) != codes.Unavailable {
			t.Errorf("call under way: %v", err)
		}
		if _, err := stream.Recv(); status.Code(err) != codes.Unavailable {
			t.Errorf("stream under way: %v", err)
		}
	}
}

func TestNewRefusesBadOptions(t *testing.T) {
	t.Parallel()
	taken, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, option := range map[string]mockserver.Option{
		"gRPC address taken": mockserver.WithAddress(taken.Addr().String()),
		"HTTP address taken": mockserver.WithHTTPAddress(taken.Addr().String()),
		"address nonsense":   mockserver.WithAddress("nonsense"),
		"issuer path":        mockserver.WithIssuerPath("/realms/{name}"),
		"token life":         mockserver.WithOAuth(oauth.Config{TokenTTL: time.Millisecond}),
		"nameless client":    mockserver.WithOAuth(oauth.Config{Clients: []oauth.Client{{Secret: "x"}}}),
		"impossible client":  mockserver.WithOAuth(oauth.Config{Clients: []oauth.Client{{ID: "x", AuthMethods: []string{"magic"}}}}),
		"own issuer":         mockserver.WithOAuth(oauth.Config{Issuer: "http://127.0.0.1:1"}),
		"own clock":          mockserver.WithOAuth(oauth.Config{Now: time.Now}),
		"services":           mockserver.WithServices("some"),
		"origin, no front":   mockserver.WithAllowedOrigins("http://localhost:1"),
		"own logger":         mockserver.WithOAuth(oauth.Config{Logger: slog.Default()}),
	} {
		s, err := mockserver.New(option)
		if _, ok := errors.AsType[*mockserver.Error](err); !ok {
			t.Errorf("%s: %v", name, err)
		}
		if taken := strings.HasSuffix(name, "taken"); errors.Is(err, mockserver.ErrOption) == taken { // another time it may be free
			t.Errorf("%s: %v is an error of an option: %t", name, err, taken)
		}
		if s != nil {
			_ = s.Close()
		}
	}
}

func TestStrictServerValidatesRequests(t *testing.T) {
	t.Parallel()
	for _, strict := range []bool{false, true} {
		options := []mockserver.Option{mockserver.WithProject("demo")}
		want := codes.OK
		if strict {
			options, want = append(options, mockserver.WithStrict()), codes.InvalidArgument
		}
		s := mocktest.New(t, options...)
		conn, ctx := connect(t, s), with(short(t), fetchToken(t, s))
		_, err := dataproxypb.NewDataProxyServiceClient(conn).CreateUploadLocation(ctx, &dataproxypb.CreateUploadLocationRequest{
			Project: "demo", Domain: "development", Filename: "a", FilenameRoot: "b", ContentMd5: []byte("too short"),
		})
		wantCode(t, err, want)
	}
}

func TestProjectsExistAndTheClockIsOffset(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := mocktest.New(t, mockserver.WithInMemory(), mockserver.WithProject("one", "two"))
		s.SetClockOffset(time.Hour)
		if ahead := time.Until(s.Now()); ahead != time.Hour {
			t.Errorf("the clock is %v ahead", ahead)
		}
		resp, err := projectpb.NewProjectServiceClient(connect(t, s)).ListProjects(with(t.Context(), fetchToken(t, s)), &projectpb.ListProjectsRequest{})
		if err != nil || len(resp.GetProjects().GetProjects()) != 2 {
			t.Errorf("projects: %v, %v", resp, err)
		}
	})
}

// A goroutine left behind by the run would fail the bubble.
func TestCloseStopsRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := mocktest.New(t, mockserver.WithInMemory(), mockserver.WithProject("demo"))
		s.Backend().SetTimeline("", backend.Timeline{Steps: []backend.Step{{After: 1000 * time.Hour}}})
		startRun(with(t.Context(), fetchToken(t, s)), t, connect(t, s))
		synctest.Wait()
	})
}

func TestServerIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t)
	conn := connect(t, s)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			ctx := with(context.WithoutCancel(t.Context()), fetchToken(t, s))
			for range 20 {
				_ = list(ctx, conn)
				s.Requests()
				s.Script().RejectNext(1)
				s.SetClockOffset(0)
			}
		})
	}
	wg.Wait()
	if n := s.TokenRequests(); n != 8 {
		t.Errorf("%d token requests", n)
	}
}

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
