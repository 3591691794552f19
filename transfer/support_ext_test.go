package transfer_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	"github.com/jetway-go/jetway/transfer"
)

const canary = "canary-7f3a9c0d5e1b"

var demo = transfer.Destination{Project: "demo", Domain: "development", Root: "r", Name: "dir/a.bin"}

// stub is a DataProxy that signs URLs of one host.
type stub struct {
	transfer.DataProxy // the other methods

	host     string
	native   string            // scheme and bucket; "s3://b" if empty
	header   map[string]string // of each answer
	lifetime time.Duration     // 0: as asked
	fail     func(n int) error // the n-th request, counted from 1

	mu   sync.Mutex
	seen []*dataproxypb.CreateUploadLocationRequest
}

func (s *stub) CreateUploadLocation(
	_ context.Context, req *dataproxypb.CreateUploadLocationRequest, _ ...grpc.CallOption,
) (*dataproxypb.CreateUploadLocationResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, req)
	if s.fail != nil {
		if err := s.fail(len(s.seen)); err != nil {
			return nil, err
		}
	}
	lifetime, native := s.lifetime, s.native
	if lifetime == 0 {
		lifetime = req.GetExpiresIn().AsDuration()
	}
	if native == "" {
		native = "s3://b"
	}
	key := "/" + req.GetFilenameRoot() + "/" + req.GetFilename()
	return &dataproxypb.CreateUploadLocationResponse{
		SignedUrl: s.host + key + "?n=" + strconv.Itoa(len(s.seen)) + "&X-Sig=" + canary, NativeUrl: native + key,
		Headers: s.header, ExpiresAt: timestamppb.New(time.Now().Add(lifetime)),
	}, nil
}

func (s *stub) signed() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.seen)
}

// tripper answers requests without a network.
type tripper func(*http.Request) (*http.Response, error)

func (t tripper) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	return t(r)
}

// answer is a response, with headers in pairs.
func answer(r *http.Request, status int, body string, header ...string) *http.Response {
	res := &http.Response{
		StatusCode: status, Header: http.Header{}, Request: r,
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
	for i := 0; i < len(header); i += 2 {
		res.Header.Set(header[i], header[i+1])
	}
	return res
}

func write(tb testing.TB, path, text string) string {
	tb.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// pattern returns size bytes that do not repeat soon.
func pattern(size int) string {
	b := make([]byte, size)
	x := uint32(2463534242)
	for i := range b {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		b[i] = byte(x)
	}
	return string(b)
}
