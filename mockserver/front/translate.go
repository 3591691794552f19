package front

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"connectrpc.com/connect"
	"connectrpc.com/vanguard"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

const (
	connectVersion       = "Connect-Protocol-Version"
	wantedConnectVersion = "1"

	// jsonGrowth is how many times larger a message may be in JSON. The server has the
	// last word on the size, as it does for gRPC.
	jsonGrowth = 2
)

// newTranscoder returns what translates calls to gRPC, and the methods of the server;
// true marks those that it translates.
func newTranscoder(server *grpc.Server, maxMessage uint32) (*vanguard.Transcoder, map[string]bool, error) {
	methods := map[string]bool{}
	unary := map[string]bool{}
	var services []*vanguard.Service
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { repair(w, r, unary[r.URL.Path], server) })
	for name, info := range server.GetServiceInfo() {
		found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(name))
		schema, known := found.(protoreflect.ServiceDescriptor)
		known = known && err == nil
		for _, m := range info.Methods {
			path := "/" + name + "/" + m.Name
			methods[path] = known
			unary[path] = !m.IsClientStream && !m.IsServerStream
		}
		if known {
			services = append(services, vanguard.NewServiceWithSchema(schema, handler))
		}
	}
	transcoder, err := vanguard.NewTranscoder(services,
		vanguard.WithDefaultServiceOptions(
			vanguard.WithTargetProtocols(vanguard.ProtocolGRPC),
			vanguard.WithTargetCodecs(vanguard.CodecProto),
			vanguard.WithMaxMessageBufferBytes(maxMessage*jsonGrowth),
		),
		vanguard.WithCodec(newJSON),
		vanguard.WithCompression(vanguard.CompressionGzip, newGzip, newGunzip(maxMessage)),
	)
	if err != nil {
		return nil, nil, fmt.Errorf("translate to gRPC: %w", err)
	}
	return transcoder, methods, nil
}

// jsonCodec reads and writes JSON as connect-go does by default: it ignores unknown
// fields, and leaves fields without a value out.
type jsonCodec struct{ vanguard.JSONCodec }

func newJSON(types vanguard.TypeResolver) vanguard.Codec {
	return jsonCodec{vanguard.JSONCodec{
		MarshalOptions:   protojson.MarshalOptions{Resolver: types},
		UnmarshalOptions: protojson.UnmarshalOptions{Resolver: types, DiscardUnknown: true},
	}}
}

// Unmarshal returns InvalidArgument for a text that is not JSON of the message.
func (c jsonCodec) Unmarshal(data []byte, m proto.Message) error {
	if err := c.JSONCodec.Unmarshal(data, m); err != nil {
		return connect.NewError(connect.CodeInvalidArgument, fmt.Errorf("unmarshal message: %w", err))
	}
	return nil
}

// translate serves a call by gRPC-Web or Connect.
func (h *Handler) translate(w http.ResponseWriter, r *http.Request, call Call) {
	if !call.Mounted || !h.methods[call.Method] {
		h.fail(w, r, connect.NewError(connect.CodeUnimplemented, fmt.Errorf("the server has no method %s", call.Method)))
		return
	}
	get := r.Method == http.MethodGet && call.Protocol == Connect && changesNothing(call.Method)
	switch {
	case get:
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "call this method by POST", http.StatusMethodNotAllowed)
		return
	case !isReadable(mediaType(r)):
		w.Header().Set("Accept-Post", strings.Join(acceptedTypes(), ", "))
		http.Error(w, "the content type is none of those in Accept-Post", http.StatusUnsupportedMediaType)
		return
	case otherKind(r) != "":
		http.Error(w, otherKind(r), http.StatusUnsupportedMediaType)
		return
	default:
		r.Header.Set("Content-Type", mediaType(r))
	}
	if encoding := requestEncoding(r, call.Protocol); !slices.Contains(encodings(), encoding) {
		h.fail(w, r, connect.NewError(connect.CodeUnimplemented,
			fmt.Errorf("messages are compressed by %q: want one of %q", encoding, encodings())))
		return
	}
	if call.Protocol == Connect {
		if err := connectMistake(r); err != nil {
			h.fail(w, r, err)
			return
		}
		r.Header.Set(connectVersion, wantedConnectVersion) // it may be left out
	}
	if call.Protocol == GRPCWeb {
		w = &webWriter{ResponseWriter: w}
	}
	if query := r.URL.Query(); get && !query.Has("connect") {
		query.Set("connect", "v"+wantedConnectVersion)
		r.URL.RawQuery = query.Encode()
	}
	h.transcoder.ServeHTTP(w, r)
}

// fail ends a call with err in the caller's protocol.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	_ = h.errors.Write(w, r, err) // fails only when the client has gone
}

// encodings returns the ways of compression that are understood.
func encodings() []string { return []string{"", "identity", "gzip"} }

// requestEncoding returns how the messages of a request are compressed.
func requestEncoding(r *http.Request, p Protocol) string {
	switch {
	case p != Connect:
		return r.Header.Get(encodingHeader)
	case strings.HasPrefix(mediaType(r), typeConnectStream):
		return r.Header.Get("Connect-Content-Encoding")
	case r.Method == http.MethodGet:
		return r.URL.Query().Get("compression")
	default:
		return r.Header.Get("Content-Encoding")
	}
}

func isReadable(contentType string) bool {
	return slices.Contains(acceptedTypes(), contentType)
}

func acceptedTypes() []string {
	return []string{
		typeGRPC, typeGRPC + "+proto", typeGRPC + "+json", typeGRPCWeb, typeGRPCWeb + "+proto", typeGRPCWeb + "+json",
		typeConnectStream + "proto", typeConnectStream + "json", typeProto, typeJSON,
	}
}
