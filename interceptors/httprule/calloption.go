package httprule

import (
	"net/http"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// callOptions is what the options of one call say.
type callOptions struct {
	header, trailer []*metadata.MD
	finish          []func(error)
	limit           int
	credentials     bool
}

func (c *conn) callOptions(opts []grpc.CallOption) callOptions {
	o := callOptions{limit: c.config.maxAnswer}
	for _, opt := range opts {
		switch opt := opt.(type) {
		case grpc.HeaderCallOption:
			o.header = append(o.header, opt.HeaderAddr)
		case grpc.TrailerCallOption:
			o.trailer = append(o.trailer, opt.TrailerAddr)
		case grpc.OnFinishCallOption:
			o.finish = append(o.finish, opt.OnFinish)
		case grpc.MaxRecvMsgSizeCallOption:
			o.limit = max(opt.MaxRecvMsgSize, 0)
		case grpc.PerRPCCredsCallOption:
			o.credentials = true
		}
	}
	return o
}

// fill shows the headers of an answer, and its trailers once the body has been read.
func (o callOptions) fill(got *http.Response) {
	for _, md := range o.header {
		*md = headerOf(got.Header)
	}
	for _, md := range o.trailer {
		*md = trailerOf(got.Header, got.Trailer)
	}
}

// end tells the callbacks of the call that it has ended.
func (o callOptions) end(err error) {
	for _, finish := range o.finish {
		finish(err)
	}
}
