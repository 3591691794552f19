package httprule

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
)

var errStream = errors.New("streams cannot be called by HTTP rules; call the method over gRPC")

// conn calls methods by their rules.
type conn struct {
	http     http.Client
	base     string // without a slash at the end
	wrong    error  // what is wrong with the base
	config   config
	bindings sync.Map // of *binding, by full method name
}

// New returns a connection for generated stubs over hc to the gateway at base, for instance
// "https://kubeflow.example.com/pipeline"; the paths of the rules follow it. A nil hc is a
// client without settings. The connection needs no Close and is safe for concurrent use. It
// uses a copy of hc that follows no redirect.
//
// A base that cannot be one is the error of every call: it has the scheme http or https and
// a host, and neither user, query nor fragment.
//
// Of the options of a call it takes grpc.Header, grpc.Trailer, grpc.OnFinish and
// grpc.MaxCallRecvMsgSize. One with grpc.PerRPCCredentials is refused, others mean nothing
// here. Errors are gRPC statuses; what failed on this side is an [*Error].
func New(hc *http.Client, base string, opts ...Option) grpc.ClientConnInterface {
	c := &conn{config: newConfig(opts), base: strings.TrimRight(base, "/"), wrong: checkBase(base)}
	if hc != nil {
		c.http = *hc
	}
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c
}

// checkBase does not quote a base: it may have a password in it.
func checkBase(base string) error {
	u, err := url.Parse(base)
	switch {
	case err != nil:
		return errors.New("the base is no URL")
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return errors.New("the base needs the scheme http or https, and a host")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return errors.New("the base has a user, a query or a fragment; credentials belong into the http.Client's RoundTripper")
	default:
		return nil
	}
}

// NewStream returns an error with code Unimplemented.
func (c *conn) NewStream(_ context.Context, _ *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	err := newError(method, coded(codes.Unimplemented, errStream))
	c.callOptions(opts).end(err)
	return nil, err
}

// Invoke calls a unary method.
func (c *conn) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) (err error) {
	o := c.callOptions(opts)
	defer func() { o.end(err) }()
	in, inOK := args.(proto.Message)
	out, outOK := reply.(proto.Message)
	switch {
	case c.wrong != nil:
		return newError(method, coded(codes.InvalidArgument, c.wrong))
	case !inOK || !outOK:
		return newError(method, coded(codes.Internal, fmt.Errorf("%T and %T are not both proto.Message", args, reply)))
	case o.credentials:
		return newError(method, coded(codes.Unimplemented, errors.New(
			"grpc.PerRPCCredentials is not for calls over HTTP; credentials belong into the http.Client's RoundTripper")))
	}
	b, err := c.bindingOf(method, in.ProtoReflect().Descriptor())
	if err != nil {
		return newError(method, err)
	}
	r, err := c.request(ctx, b, in)
	if err != nil {
		return newError(method, err)
	}
	got, err := c.http.Do(r)
	if err != nil {
		return newError(method, c.failure(ctx, r, err))
	}
	defer got.Body.Close()
	limit := min(o.limit, math.MaxInt-1)
	failed := got.StatusCode < 200 || got.StatusCode > 299
	if failed {
		limit = min(limit, maxError)
	}
	body, err := io.ReadAll(io.LimitReader(got.Body, int64(limit)+1))
	o.fill(got)
	switch {
	case failed: // what was read is enough, also if the connection broke
		if ctx.Err() != nil && err != nil {
			return newError(method, c.failure(ctx, r, err))
		}
		return statusOf(answer{got, body[:min(len(body), limit)], r.URL.RawQuery})
	case err != nil:
		return newError(method, c.failure(ctx, r, err))
	case len(body) > limit:
		return newError(method, coded(codes.ResourceExhausted, fmt.Errorf("the answer has more than %d bytes; see WithMaxAnswer", limit)))
	}
	if err := b.decode(answer{got, body, r.URL.RawQuery}, out, c.config.strict); err != nil {
		return newError(method, err)
	}
	return nil
}
