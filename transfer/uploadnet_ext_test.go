package transfer_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	"github.com/jetway-go/jetway/mockserver/objectstore"
	"github.com/jetway-go/jetway/transfer"
)

// large is a size that no buffer on the way holds.
const large = 8<<20 + 5

var largeText = sync.OnceValue(func() string { return pattern(large) })

func storageHost(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv
}

func TestAnUploadThatIsCutIsSentAgainAsAWhole(t *testing.T) {
	t.Parallel()
	text := largeText()
	path := write(t, filepath.Join(t.TempDir(), "a.bin"), text)
	for name, upload := range map[string]func(*transfer.Client) (transfer.Object, error){
		"file": func(c *transfer.Client) (transfer.Object, error) { return c.UploadFile(t.Context(), demo, path) },
		"reader": func(c *transfer.Client) (transfer.Object, error) {
			return c.Upload(t.Context(), demo, strings.NewReader(text))
		},
		"seeker": func(c *transfer.Client) (transfer.Object, error) {
			return c.Upload(t.Context(), demo, seeker{strings.NewReader(text)})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var n atomic.Int64
			srv := storageHost(t, func(_ http.ResponseWriter, r *http.Request) {
				digest := md5.New()
				switch n.Add(1) {
				case 1:
					panic(http.ErrAbortHandler) // before the content
				case 2:
					_, _ = io.CopyN(digest, r.Body, large/2)
					panic(http.ErrAbortHandler)
				case 3:
					_, _ = io.Copy(digest, r.Body)
					panic(http.ErrAbortHandler) // all was sent, but there is no answer
				}
				size, err := io.Copy(digest, r.Body)
				if sum := md5.Sum([]byte(text)); err != nil || size != large || !bytes.Equal(digest.Sum(nil), sum[:]) {
					t.Errorf("%d bytes arrived, %v; want %d", size, err, large)
				}
			})
			got, err := upload(transfer.New(&stub{host: srv.URL}))
			if err != nil || n.Load() != 4 || got.Size != large {
				t.Errorf("%+v, %v after %d requests", got, err, n.Load())
			}
		})
	}
}

// signer has URLs signed by an object store, whose clock says that the first one is over.
type signer struct {
	transfer.DataProxy

	store  *objectstore.Store
	signed atomic.Int64
	late   atomic.Int64
}

func (s *signer) CreateUploadLocation(
	_ context.Context, req *dataproxypb.CreateUploadLocationRequest, _ ...grpc.CallOption,
) (*dataproxypb.CreateUploadLocationResponse, error) {
	u, err := s.store.SignPut(req.GetFilename(), time.Minute, nil)
	if s.signed.Add(1) == 1 {
		s.late.Store(int64(time.Hour))
	}
	return &dataproxypb.CreateUploadLocationResponse{
		SignedUrl: u, NativeUrl: s.store.NativeURL(req.GetFilename()), ExpiresAt: timestamppb.New(time.Now().Add(time.Minute)),
	}, err
}

// The host refuses before the content was sent, and that must not be taken for a cut.
func TestAnExpiredURLIsReplacedBeforeTheContentIsSent(t *testing.T) {
	t.Parallel()
	dp := &signer{}
	store := objectstore.New(objectstore.Config{Now: func() time.Time { return time.Now().Add(time.Duration(dp.late.Load())) }})
	dp.store = store
	var came atomic.Int64
	srv := storageHost(t, func(w http.ResponseWriter, r *http.Request) {
		r.Body = counted{r.Body, &came}
		store.ServeHTTP(w, r)
	})
	store.SetBaseURL(srv.URL)
	begun := time.Now()
	_, err := transfer.New(dp).UploadFile(t.Context(), demo, write(t, filepath.Join(t.TempDir(), "a"), largeText()))
	if data, _ := store.Get(demo.Name); err != nil || dp.signed.Load() != 2 || len(data) != large {
		t.Errorf("%v; %d URLs, %d bytes, in %v", err, dp.signed.Load(), len(data), time.Since(begun))
	}
	if came.Load() > large+large/2 {
		t.Errorf("%d bytes came, want no more than once the content", came.Load())
	}
}

type counted struct {
	io.ReadCloser

	n *atomic.Int64
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// conn notes what net/http has the system send without copying it.
type conn struct {
	net.Conn

	sources chan<- string
}

func (c conn) ReadFrom(r io.Reader) (int64, error) {
	if limited, ok := r.(*io.LimitedReader); ok {
		c.sources <- fmt.Sprintf("%T", limited.R)
		return io.Copy(c.Conn, limited)
	}
	c.sources <- fmt.Sprintf("%T", r)
	return io.Copy(c.Conn, r)
}

// The system sends a file itself only if it is the body, in no other reader than the one
// that net/http puts around it; with progress too. Only Linux tells meanwhile how much it has
// sent, see offsetMoves.
func TestAFileIsHandedToTheSystem(t *testing.T) {
	t.Parallel()
	srv := storageHost(t, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	sources := make(chan string, 10)
	hc := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := (&net.Dialer{}).DialContext(ctx, network, address)
			return conn{c, sources}, err
		},
	}}
	c := transfer.New(&stub{host: srv.URL}, transfer.WithHTTPClient(hc), transfer.WithProgress(func(transfer.Progress) {}))
	if _, err := c.UploadFile(t.Context(), demo, write(t, filepath.Join(t.TempDir(), "a"), largeText())); err != nil {
		t.Fatal(err)
	}
	if _, err := c.UploadDir(t.Context(), folder, tree(t, map[string]string{"a": largeText()})); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got := <-sources; got != "*os.File" && runtime.GOOS == "linux" {
			t.Errorf("the system was handed a %s, want *os.File", got)
		}
	}
}

func TestAnUploadOverHTTP2OfAGivenClient(t *testing.T) {
	t.Parallel()
	text := largeText()
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got, err := io.ReadAll(r.Body)
		if r.ProtoMajor != 2 || err != nil || string(got) != text {
			t.Errorf("%s: %d bytes, %v", r.Proto, len(got), err)
		}
	}))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	t.Cleanup(srv.Close)
	c := transfer.New(&stub{host: srv.URL}, transfer.WithHTTPClient(srv.Client()))
	if _, err := c.UploadFile(t.Context(), demo, write(t, filepath.Join(t.TempDir(), "a"), text)); err != nil {
		t.Error(err)
	}
}

// The default client closes its connections at the end of a call, and uses them again
// before.
func TestOneCallUsesItsConnectionsAgain(t *testing.T) {
	t.Parallel()
	var opened, closed atomic.Int64
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
		if s == http.StateClosed {
			closed.Add(1)
		}
	}
	srv.Start()
	t.Cleanup(srv.Close)
	files := map[string]string{}
	for i := range 50 {
		files[strconv.Itoa(i)] = "x"
	}
	if _, err := transfer.New(&stub{host: srv.URL}).UploadDir(t.Context(), folder, tree(t, files)); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); closed.Load() < opened.Load() && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if n := opened.Load(); n > 8 || closed.Load() != n {
		t.Errorf("%d connections for 50 files, %d of them closed", n, closed.Load())
	}
}

// sizeOf returns the size of a heavy test: JETWAY_TEST_TRANSFER_BYTES, or small.
func sizeOf(tb testing.TB, small int64) int64 {
	tb.Helper()
	text := os.Getenv("JETWAY_TEST_TRANSFER_BYTES")
	if text == "" {
		return small
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

// sparse makes a file of zeros that takes no place.
func sparse(tb testing.TB, size int64) string {
	tb.Helper()
	path := write(tb, filepath.Join(tb.TempDir(), "sparse"), "")
	if err := os.Truncate(path, size); err != nil {
		tb.Fatal(err)
	}
	return path
}

func TestMemoryDoesNotGrowWithTheContent(t *testing.T) { //nolint:paralleltest // it counts what all goroutines allocate
	size := sizeOf(t, 64<<20)
	srv := storageHost(t, func(_ http.ResponseWriter, r *http.Request) {
		if n, err := io.Copy(io.Discard, r.Body); n != r.ContentLength || err != nil {
			t.Errorf("%d bytes, %v", n, err)
		}
	})
	path := sparse(t, size)
	c := transfer.New(&stub{host: srv.URL})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := c.UploadFile(t.Context(), demo, path); err != nil {
		t.Error(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := c.Upload(t.Context(), demo, io.LimitReader(f, min(size, 1<<30))); err != nil { // it takes place on the disk
		t.Error(err)
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 4<<20 {
		t.Errorf("%d bytes were allocated for %d of content", got, size)
	}
}
