// Package front serves the services of a gRPC server on one port by every protocol that
// clients of Flyte 2 speak: gRPC, gRPC-Web and Connect, with messages in binary or JSON,
// compressed by gzip or not, over HTTP/1.1 and HTTP/2. gRPC goes to the server as it comes.
// The other protocols are translated to gRPC first, so that interceptors and handlers see no
// difference; [ProtocolFromContext] tells them how a call came. Requests that are no calls
// go to a handler of the program.
//
// Call [New] after the last service has been registered.
package front

import (
	"net/http"

	"connectrpc.com/connect"
	"connectrpc.com/vanguard"
	"google.golang.org/grpc"
	_ "google.golang.org/grpc/encoding/gzip" // the server has to read what clients compress
)

// Config configures a [Handler]. The zero value serves all calls and nothing else.
type Config struct {
	// Other serves requests that are no calls; nil answers them with 404.
	Other http.Handler
	// Answer is asked before each call and reports whether it has answered the call
	// itself; nil answers none.
	Answer func(w http.ResponseWriter, r *http.Request, call Call) bool
	// Origins are the web origins, such as "http://localhost:5173", whose pages may call
	// methods (CORS). None is the default: browsers then keep answers from the pages of
	// other servers. There is no wildcard. A page of this server itself has to be listed too
	// if the browser reached the server by a name other than localhost: another site may have
	// made that name point here (DNS rebinding).
	Origins []string
	// Shared reports whether pages of Origins may call a method; nil shares all methods.
	Shared func(method string) bool
	// MaxMessage is the server's size limit of a message in bytes: what is far over it does
	// not reach the server. Zero means 4 MiB, which is the default of gRPC servers.
	MaxMessage uint32
}

const defaultMaxMessage = 4 << 20

// Handler is the front of one gRPC server. It is safe for concurrent use.
type Handler struct {
	cfg        Config
	server     *grpc.Server
	methods    map[string]bool // every method of the server; true if it can be translated
	transcoder *vanguard.Transcoder
	errors     *connect.ErrorWriter
	origins    map[string]bool
}

// New returns a handler for all services that are registered with server. A service
// whose descriptor is not registered with the Protobuf runtime can be called by gRPC only.
// The error names an origin that is none.
func New(server *grpc.Server, cfg Config) (*Handler, error) {
	if cfg.MaxMessage == 0 {
		cfg.MaxMessage = defaultMaxMessage
	}
	if cfg.Other == nil {
		cfg.Other = http.NotFoundHandler()
	}
	h := &Handler{cfg: cfg, server: server, errors: connect.NewErrorWriter()}
	var err error
	if h.origins, err = readOrigins(cfg.Origins); err != nil {
		return nil, err
	}
	if h.transcoder, h.methods, err = newTranscoder(server, cfg.MaxMessage); err != nil {
		return nil, err
	}
	return h, nil
}

// ServeHTTP serves a call, or passes a request that is none to [Config.Other].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.preflight(w, r) {
		return
	}
	call, ok := h.classify(r)
	if !ok {
		h.cfg.Other.ServeHTTP(w, r)
		return
	}
	if h.rebound(r, call.Method) {
		refuseRebound(w, r)
		return
	}
	h.share(w, r, call.Method)
	if h.cfg.Answer != nil && h.cfg.Answer(w, r, call) {
		return
	}
	if isNative(r) {
		h.server.ServeHTTP(w, r)
		return
	}
	h.translate(w, withOrigin(w, r, call.Protocol), call)
}
