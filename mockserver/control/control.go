// Package control serves jetway.mock.v1.ControlService: what a test written in Go does with
// mockserver.Script, a test in any other language does by calls to the mock's own port. They
// make tokens expire, fail, delay and hold calls, take the token endpoint down, approve
// devices, add projects and runs, and read the requests that the mock has received.
//
// The service is off unless [Enable] is given, and only a listener of this machine (loopback,
// a unix socket, memory) may have it. Its callers present a secret of its own in the metadata
// key [SecretKey], no access token. The protos are in proto/jetway/mock/v1.
//
//	server, err := mockserver.New(control.Enable(rand.Text()))
//
// Call [Enable]; the command does so with jetway mock --control.
package control

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"google.golang.org/grpc"

	mockpb "github.com/jetway-go/jetway/gen/jetway/mock/v1"
	"github.com/jetway-go/jetway/mockserver"
)

// SecretKey is the metadata key, or HTTP header, in which callers present the secret.
const SecretKey = "jetway-mock-secret"

// Enable returns the option that serves ControlService to callers with this secret, which
// must have at least [MinSecret] characters. mockserver.New fails with [ErrWeakSecret] or, if
// the server listens on an address that other machines reach, [ErrNotLoopback].
func Enable(secret string) mockserver.Option {
	return mockserver.WithAttachment(mockserver.Attachment{
		Secrets: []string{secret},
		Attach: func(s *mockserver.Server, r grpc.ServiceRegistrar) error {
			if len(secret) < MinSecret {
				return &mockserver.Error{Op: "serve the control service", Err: ErrWeakSecret}
			}
			for _, u := range []string{s.URL(), s.HTTPURL()} {
				if !local(u) {
					return &mockserver.Error{Op: "serve the control service at " + u, Err: ErrNotLoopback}
				}
			}
			mockpb.RegisterControlServiceServer(newGuard(r, secret), &service{server: s, holds: newHolds()})
			return nil
		},
	})
}

// local reports whether only programs of this machine reach an address: one of loopback, a
// unix socket, or one in memory.
func local(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	if u.Scheme == "unix" || u.Scheme == "passthrough" { // the mock's name for memory
		return true
	}
	host, _, err := net.SplitHostPort(u.Host)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && ip.Unmap().IsLoopback()
}

// service is ControlService.
type service struct {
	mockpb.UnimplementedControlServiceServer

	server *mockserver.Server
	holds  *holds
}

func (s *service) Reset(context.Context, *mockpb.ResetRequest) (*mockpb.ResetResponse, error) {
	s.server.Script().Reset()
	s.server.SetClockOffset(0)
	s.holds.clear()
	return &mockpb.ResetResponse{}, nil
}
