package mockserver

import (
	"context"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/mockserver/internal/settle"
)

// Attachment is a gRPC service of the mock's own, beside those of the backend; package
// control is one. Its calls need no access token, whatever the server's login and proxy, no
// fault of [Script] hits them, and [Server.Requests] has none of them: the service checks its
// callers itself.
type Attachment struct {
	// Attach registers the service. [New] calls it before the server serves, when its
	// addresses are known; an error becomes that of New. Required.
	Attach func(s *Server, r grpc.ServiceRegistrar) error
	// Secrets are what callers of the service present. A request that holds one of them
	// is redacted in logs.
	Secrets []string
}

// WithAttachment adds a service of the mock's own; by default there is none.
func WithAttachment(a Attachment) Option {
	return optionFunc(func(c *config) { c.attachments = append(c.attachments, a) })
}

// attach registers the attachments.
func (s *Server) attach() error {
	s.own = map[string]bool{}
	for _, a := range s.cfg.attachments {
		if err := a.Attach(s, ownRegistrar{s.grpc, s.own}); err != nil {
			return err
		}
	}
	return nil
}

// ownRegistrar notes the names of what it registers.
type ownRegistrar struct {
	grpc.ServiceRegistrar

	own map[string]bool
}

func (r ownRegistrar) RegisterService(desc *grpc.ServiceDesc, impl any) {
	r.own[desc.ServiceName] = true
	r.ServiceRegistrar.RegisterService(desc, impl)
}

// isOwn reports whether a method, or the path of its requests, is that of an attachment.
func (s *Server) isOwn(method string) bool {
	if len(s.own) == 0 {
		return false
	}
	service, _, _ := strings.Cut(strings.TrimPrefix(method, "/"), "/")
	return s.own[service]
}

// allUnary returns the interceptors of all services, around those of the backend's. What a call
// of an attachment changes is kept too before it is answered.
func (s *Server) allUnary(ofBackend []grpc.UnaryServerInterceptor) []grpc.UnaryServerInterceptor {
	all := []grpc.UnaryServerInterceptor{s.ownUnary, s.exemptUnary(s.log.Unary)}
	if s.journal != nil {
		all = append(all, settle.Unary(s.journal))
	}
	for _, i := range ofBackend {
		all = append(all, s.exemptUnary(i))
	}
	return all
}

// allStream is [Server.allUnary] for streams.
func (s *Server) allStream(ofBackend []grpc.StreamServerInterceptor) []grpc.StreamServerInterceptor {
	all := []grpc.StreamServerInterceptor{s.ownStream, s.exemptStream(s.log.Stream)}
	if s.journal != nil {
		all = append(all, settle.Stream(s.journal))
	}
	for _, i := range ofBackend {
		all = append(all, s.exemptStream(i))
	}
	return all
}

// exemptUnary lets calls of attachments pass an interceptor of the backend's services.
func (s *Server) exemptUnary(i grpc.UnaryServerInterceptor) grpc.UnaryServerInterceptor {
	if len(s.cfg.attachments) == 0 {
		return i
	}
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		if s.isOwn(info.FullMethod) {
			return next(ctx, req)
		}
		return i(ctx, req, info, next)
	}
}

// exemptStream is [Server.exemptUnary] for streams.
func (s *Server) exemptStream(i grpc.StreamServerInterceptor) grpc.StreamServerInterceptor {
	if len(s.cfg.attachments) == 0 {
		return i
	}
	return func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
		if s.isOwn(info.FullMethod) {
			return next(srv, ss)
		}
		return i(srv, ss, info, next)
	}
}

func (s *Server) ownUnary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	resp, err := next(ctx, req)
	s.logOwn(info.FullMethod, err)
	return resp, err
}

func (s *Server) ownStream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	err := next(srv, ss)
	s.logOwn(info.FullMethod, err)
	return err
}

func (s *Server) logOwn(method string, err error) {
	if s.isOwn(method) {
		s.cfg.logger.Debug("mock's own call", "method", method, "code", status.Code(err).String())
	}
}
