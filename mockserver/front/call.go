package front

import (
	"mime"
	"net/http"
	"strings"
)

// Protocol is how a call came.
type Protocol string

// Protocols.
const (
	GRPC    Protocol = "grpc"
	GRPCWeb Protocol = "grpc-web"
	Connect Protocol = "connect"
)

// Call is a request that calls a method.
type Call struct {
	// Method is the full name, such as "/package.Service/Method".
	Method string
	// Protocol is how the call came.
	Protocol Protocol
	// Mounted reports whether the server has the method. Calls of other methods end with
	// Unimplemented.
	Mounted bool
}

// Media types, up to the codec.
const (
	typeGRPC          = "application/grpc"
	typeGRPCWeb       = "application/grpc-web"
	typeConnectStream = "application/connect+"
	typeJSON          = "application/json"
	typeProto         = "application/proto"
)

// classify returns the call that a request is, if it is one.
func (h *Handler) classify(r *http.Request) (Call, bool) {
	_, mounted := h.methods[r.URL.Path]
	call := Call{Method: r.URL.Path, Mounted: mounted, Protocol: Connect}
	contentType := mediaType(r)
	switch {
	case strings.HasPrefix(contentType, typeGRPCWeb):
		call.Protocol = GRPCWeb
	case strings.HasPrefix(contentType, typeGRPC):
		call.Protocol = GRPC
	case mounted, strings.HasPrefix(contentType, typeConnectStream):
	case !isMethodName(r.URL.Path):
		return Call{}, false
	case r.Method == http.MethodPost:
		return call, contentType == typeJSON || contentType == typeProto
	case r.Method == http.MethodGet:
		return call, r.URL.Query().Get("connect") == "v1"
	default:
		return Call{}, false
	}
	return call, true
}

// mediaType returns the type of the body in lower case and without parameters.
func mediaType(r *http.Request) string {
	text, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return text
}

// isNative reports whether the server can read a request as it is: gRPC with messages in
// binary. A path does not tell that, since a program may call methods that only the server
// knows about, such as those of services without a descriptor.
func isNative(r *http.Request) bool {
	contentType := mediaType(r)
	return contentType == typeGRPC || contentType == typeGRPC+"+proto"
}

// isMethodName reports whether a path reads like "/package.Service/Method". A service
// without a package does not: too many other paths have two parts.
func isMethodName(path string) bool {
	service, method, ok := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if !ok || !isIdentifier(method) || !strings.Contains(service, ".") {
		return false
	}
	for part := range strings.SplitSeq(service, ".") {
		if !isIdentifier(part) {
			return false
		}
	}
	return true
}

func isIdentifier(text string) bool {
	for i, r := range text {
		letter := r == '_' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return text != ""
}
