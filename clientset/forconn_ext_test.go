package clientset_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/clientset"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	"github.com/jetway-go/jetway/mockserver"
)

// ownConn is a connection to the mock that the program makes itself.
func ownConn(t *testing.T, s *mockserver.Server) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///"+s.Endpoint(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// ForConn adds nothing to the calls of a connection, and dials nothing.
func TestForConnCallsAsTheConnectionDoes(t *testing.T) {
	t.Parallel()
	s := quiet(t, mockserver.WithOpenAccess())
	conn := ownConn(t, s)
	cs := clientset.ForConn(conn)
	if state := conn.GetState(); state != connectivity.Idle {
		t.Errorf("the connection is %v before a call", state)
	}
	ctx := metadata.AppendToOutgoingContext(soon(t), "authorization", "Bearer mine")
	if err := list(ctx, cs); err != nil {
		t.Fatal(err)
	}
	r := s.Requests()
	if len(r) != 1 || r[0].Authorizations != 1 || slices.Contains(r[0].Keys, "x-request-id") {
		t.Errorf("arrived: %+v, want one call with the program's own metadata only", r)
	}
	s.Script().FailNext(listProjects, 1, codes.Unavailable, "overloaded")
	if err := list(ctx, cs); status.Code(err) != codes.Unavailable || err.Error() != status.Error(codes.Unavailable, "overloaded").Error() {
		t.Errorf("%v, want the server's answer as it is, and no second call", err)
	}
	if cs.Endpoint() != conn.Target() || cs.Authenticator() != nil || cs.Org() != "" {
		t.Errorf("endpoint %q, authenticator %v, org %q", cs.Endpoint(), cs.Authenticator(), cs.Org())
	}
}

func TestForConnLoginFails(t *testing.T) {
	t.Parallel()
	cs := clientset.ForConn(ownConn(t, quiet(t)))
	err := cs.Login(soon(t))
	if own, ok := errors.AsType[*clientset.Error](err); !ok || own.Op != "login" || status.Code(err) != codes.FailedPrecondition {
		t.Errorf("%v, want an Error of login as FailedPrecondition", err)
	}
}

// Close ends the client set and leaves the connection to the program.
func TestForConnCloseLeavesTheConnectionOpen(t *testing.T) {
	t.Parallel()
	s := quiet(t, mockserver.WithOpenAccess())
	conn := ownConn(t, s)
	for name, end := range map[string]func(*clientset.ClientSet) error{
		"Close":    func(cs *clientset.ClientSet) error { return errors.Join(cs.Close(), cs.Close()) },
		"Shutdown": func(cs *clientset.ClientSet) error { return cs.Shutdown(soon(t)) },
	} {
		cs := clientset.ForConn(conn)
		if err := end(cs); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := list(soon(t), cs); !errors.Is(err, clientset.ErrClosed) {
			t.Errorf("a call after %s: %v, want ErrClosed", name, err)
		}
	}
	if _, err := projectpb.NewProjectServiceClient(conn).ListProjects(soon(t), &projectpb.ListProjectsRequest{}); err != nil {
		t.Errorf("a call on the connection: %v", err)
	}
}

func TestForConnWithoutConnectionFailsEveryCall(t *testing.T) {
	t.Parallel()
	cs := clientset.ForConn(nil)
	_, streaming := cs.NewStream(soon(t), &grpc.StreamDesc{}, "/a/b")
	for what, err := range map[string]error{"a call": list(soon(t), cs), "a stream": streaming} {
		if own, ok := errors.AsType[*clientset.Error](err); !ok || own.Op != "call" || status.Code(err) != codes.FailedPrecondition {
			t.Errorf("%s: %v, want an Error of call as FailedPrecondition", what, err)
		}
	}
	if err := cs.Close(); err != nil {
		t.Error(err)
	}
}

// Any connection will do, such as another ClientSet, which then brings the login.
func TestForConnOverAClientSetKeepsItsLogin(t *testing.T) {
	t.Parallel()
	s := quiet(t)
	inner := connect(t, s)
	cs := clientset.ForConn(inner)
	if err := list(soon(t), cs); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(soon(t))
	cancel()
	if err := list(ctx, cs); status.Code(err) != codes.Canceled {
		t.Errorf("%v, want Canceled", err)
	}
}
