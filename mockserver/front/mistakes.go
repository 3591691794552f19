package front

import (
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

const (
	connectTimeout = "Connect-Timeout-Ms"
	codecJSON      = "json"
	codecProto     = "proto"
)

// connectMistake returns the error of a call by Connect that nothing can serve as it is, for
// which the transcoder has other codes or a page; nil for a call that it takes.
func connectMistake(r *http.Request) *connect.Error {
	if version := r.Header.Get(connectVersion); version != "" && version != wantedConnectVersion {
		return mistake("%s is %q: want %q", connectVersion, version, wantedConnectVersion)
	}
	if ms := r.Header.Get(connectTimeout); strings.Trim(ms, "0123456789") != "" {
		return mistake("%s is %q: want a whole number of milliseconds", connectTimeout, ms)
	}
	encoding := "Content-Encoding"
	if strings.HasPrefix(mediaType(r), typeConnectStream) {
		encoding = "Connect-" + encoding
	}
	if err := unknownCompression(encoding, r.Header.Get(encoding)); err != nil {
		return err
	}
	if r.Method == http.MethodGet {
		return queryMistake(r)
	}
	if r.ContentLength == 0 && mediaType(r) == typeJSON {
		return mistake("the body is empty: send a JSON object, {} for a message without fields")
	}
	return nil
}

// queryMistake is the same for the query of a GET.
func queryMistake(r *http.Request) *connect.Error {
	query := r.URL.Query()
	if version := query.Get("connect"); version != "" && version != "v"+wantedConnectVersion {
		return mistake("connect=%s in the query: want connect=v%s", version, wantedConnectVersion)
	}
	if codec := query.Get("encoding"); codec != codecJSON && codec != codecProto {
		return mistake("encoding=%s in the query: want encoding=%s or encoding=%s, and the request in message", codec, codecJSON, codecProto)
	}
	if !query.Has("message") {
		return mistake("the query has no message: want message={} for a request without fields, percent-encoded")
	}
	switch text := query.Get("base64"); text {
	case "", "0":
	case "1":
		if _, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(query.Get("message"), "=")); err != nil {
			return mistake("message in the query is not base64 for URLs: %w", err)
		}
	default:
		return mistake("base64=%s in the query: want 0 or 1", text)
	}
	return unknownCompression("compression in the query", query.Get("compression"))
}

func mistake(format string, args ...any) *connect.Error {
	return connect.NewError(connect.CodeInvalidArgument, fmt.Errorf(format, args...))
}

func unknownCompression(where, name string) *connect.Error {
	switch name {
	case "", "identity", "gzip":
		return nil
	}
	return connect.NewError(connect.CodeUnimplemented, fmt.Errorf("%s is %q: want gzip, identity or none", where, name))
}

// otherKind says which content type to send, if that of a call by Connect is for the other
// kind of method; empty if it is not.
func otherKind(r *http.Request) string {
	m := describe(r.URL.Path)
	if m == nil {
		return ""
	}
	streams := m.IsStreamingClient() || m.IsStreamingServer()
	switch sent := mediaType(r); {
	case streams && (sent == typeJSON || sent == typeProto):
		return "the method streams: send Content-Type " + typeConnectStream + codecJSON + " or " + typeConnectStream + codecProto +
			", with the message in an envelope: a zero byte, and four with its length"
	case !streams && strings.HasPrefix(sent, typeConnectStream):
		return "the method does not stream: send Content-Type " + typeJSON + " or " + typeProto
	default:
		return ""
	}
}

// changesNothing reports whether the contract marks a method as free of side effects, which
// those that may be called by GET are.
func changesNothing(method string) bool {
	m := describe(method)
	if m == nil || m.IsStreamingClient() || m.IsStreamingServer() {
		return false
	}
	options, ok := m.Options().(*descriptorpb.MethodOptions)
	return ok && options.GetIdempotencyLevel() == descriptorpb.MethodOptions_NO_SIDE_EFFECTS
}

// describe returns the descriptor of a method; nil without one.
func describe(method string) protoreflect.MethodDescriptor {
	name := protoreflect.FullName(strings.ReplaceAll(strings.TrimPrefix(method, "/"), "/", "."))
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(name)
	if err != nil {
		return nil
	}
	m, _ := found.(protoreflect.MethodDescriptor)
	return m
}

func newGzip() connect.Compressor { return gzip.NewWriter(io.Discard) }

func newGunzip(limit uint32) func() connect.Decompressor {
	return func() connect.Decompressor { return &gunzip{limit: int64(limit)} }
}

// gunzip reads gzip up to a limit, which a little input can be far above. What is no gzip is
// the caller's mistake.
type gunzip struct {
	gzip.Reader

	limit, read int64
}

// Reset begins with the header.
func (g *gunzip) Reset(from io.Reader) error {
	g.read = 0
	return notGzip(g.Reader.Reset(from))
}

// Read reads the text.
func (g *gunzip) Read(p []byte) (int, error) {
	n, err := g.Reader.Read(p)
	if g.read += int64(n); g.read > g.limit {
		return n, connect.NewError(connect.CodeResourceExhausted,
			fmt.Errorf("the message is larger than %d bytes after decompression", g.limit))
	}
	return n, notGzip(err)
}

func notGzip(err error) error {
	if err == nil || errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	return mistake("the message is announced as gzip and is none: %w", err)
}
