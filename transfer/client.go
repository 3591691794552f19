package transfer

import (
	"context"

	"google.golang.org/grpc"

	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	"github.com/jetway-go/jetway/internal/clock"
)

// DataProxy is the part of DataProxyService that a [Client] calls. The generated
// DataProxyServiceClient satisfies it.
type DataProxy interface {
	CreateUploadLocation(ctx context.Context, req *dataproxypb.CreateUploadLocationRequest, opts ...grpc.CallOption) (
		*dataproxypb.CreateUploadLocationResponse, error)
	CreateDownloadLink(ctx context.Context, req *dataproxypb.CreateDownloadLinkRequest, opts ...grpc.CallOption) (
		*dataproxypb.CreateDownloadLinkResponse, error)
	UploadInputs(ctx context.Context, req *dataproxypb.UploadInputsRequest, opts ...grpc.CallOption) (
		*dataproxypb.UploadInputsResponse, error)
}

// Client moves content to and from object storage. Make one with [New]; it is safe for
// concurrent use, and there is nothing to close.
type Client struct {
	dp    DataProxy
	cfg   config
	clock clock.Clock
}

// New returns a client that has its URLs signed by dp, whose connection has the login.
func New(dp DataProxy, opts ...Option) *Client {
	return &Client{dp: dp, cfg: newConfig(opts)}
}
