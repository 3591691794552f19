package transfer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	"github.com/jetway-go/jetway/transfer"
)

// number returns what an environment variable says, or other.
func number(t *testing.T, name string, other uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return other
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// abort breaks the connection of the request that is being answered.
func abort() { panic(http.ErrAbortHandler) }

// failures are what happens when some bytes were moved.
var failures = []struct {
	name string
	do   func(t *testing.T, h *host, random *rand.Rand, direction string)
}{
	{"reset_peer", func(t *testing.T, h *host, _ *rand.Rand, direction string) {
		h.toxic("reset_peer", direction, `"timeout": 0`)
	}},
	{"limit_data", func(_ *testing.T, h *host, random *rand.Rand, direction string) {
		h.toxic("limit_data", direction, fmt.Sprintf(`"bytes": %d`, random.IntN(1<<16)))
	}},
	{"timeout", func(t *testing.T, h *host, _ *rand.Rand, direction string) {
		h.toxic("timeout", direction, `"timeout": 100`)
	}},
	{"busy", func(_ *testing.T, h *host, random *rand.Rand, _ string) {
		h.mu.Lock()
		h.busy = 1 + random.IntN(2)
		h.mu.Unlock()
		abort()
	}},
	{"expired", func(_ *testing.T, h *host, _ *rand.Rand, _ string) {
		h.late.Store(int64(time.Hour))
		abort()
	}},
	{changed, func(t *testing.T, h *host, _ *rand.Rand, _ string) {
		if err := h.store.Put(key, h.other); err != nil {
			t.Error(err)
		}
		abort()
	}},
}

const changed = "object changed"

// ways are those to transfer content. Each returns what arrived at the other end.
var ways = []struct {
	name, direction string
	move            func(ctx context.Context, t *testing.T, c *transfer.Client, h *host, content []byte) ([]byte, error)
}{
	{"upload file", "upstream", func(ctx context.Context, t *testing.T, c *transfer.Client, h *host, content []byte) ([]byte, error) {
		path := filepath.Join(t.TempDir(), "content")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return nil, err
		}
		_, err := c.UploadFile(ctx, transfer.Destination{Project: "p", Domain: "d", Root: "r", Name: "content.bin"}, path)
		got, _ := h.store.Get(key)
		return got, err
	}},
	{"download file", "downstream", func(ctx context.Context, t *testing.T, c *transfer.Client, h *host, content []byte) ([]byte, error) {
		if err := h.store.Put(key, content); err != nil {
			return nil, err
		}
		path := filepath.Join(t.TempDir(), "out")
		_, err := c.DownloadFile(ctx, c.Source(&dataproxypb.CreateDownloadLinkRequest{}), path)
		there, _ := os.ReadDir(filepath.Dir(path))
		if len(there) > 1 || err != nil && len(there) > 0 {
			t.Errorf("there are %v", there)
		}
		got, _ := os.ReadFile(path)
		return got, err
	}},
	{"upload reader", "upstream", func(ctx context.Context, _ *testing.T, c *transfer.Client, h *host, content []byte) ([]byte, error) {
		_, err := c.Upload(ctx, transfer.Destination{Project: "p", Domain: "d", Root: "r", Name: "content.bin"}, bytes.NewReader(content))
		got, _ := h.store.Get(key)
		return got, err
	}},
	{"download", "downstream", func(ctx context.Context, _ *testing.T, c *transfer.Client, h *host, content []byte) ([]byte, error) {
		if err := h.store.Put(key, content); err != nil {
			return nil, err
		}
		var b bytes.Buffer
		_, err := c.Download(ctx, c.Source(&dataproxypb.CreateDownloadLinkRequest{}), &b)
		return b.Bytes(), err
	}},
}

func TestTransfersThatAreCutEndWithAllBytesOrAnError(t *testing.T) {
	t.Parallel()
	seed := number(t, "JETWAY_TEST_SEED", rand.Uint64())
	t.Logf("repeat with JETWAY_TEST_SEED=%d", seed)
	cuts := number(t, "JETWAY_TEST_CUTS", 50)
	const atOnce = 8 // more than there are processors: most of the time is waiting
	var next, repeated atomic.Uint64
	var workers sync.WaitGroup
	for range atOnce {
		workers.Go(func() {
			for n := next.Add(1) - 1; n < cuts; n = next.Add(1) - 1 {
				way, failure := n%uint64(len(ways)), n/uint64(len(ways))%uint64(len(failures))
				t.Run(fmt.Sprintf("seed=%d cut=%d %s, %s", seed, n, ways[way].name, failures[failure].name), func(t *testing.T) {
					if cutOne(t, seed, n, way, failure) {
						repeated.Add(1)
					}
				})
			}
		})
	}
	workers.Wait()
	t.Logf("%d of %d transfers needed another request", repeated.Load(), cuts)
	if n := repeated.Load(); n < cuts*3/4 {
		t.Errorf("%d of %d transfers needed another request: too few were cut", n, cuts)
	}
}

// cutOne makes one transfer that is cut, and reports whether it took more requests than one
// that is not.
func cutOne(t *testing.T, seed, n, way, failure uint64) (repeated bool) {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, n))
	size, parts := 1<<20+random.IntN(2<<20), 1
	if ways[way].name == "download file" && n%3 == 1 {
		size, parts = size+(16<<20), 2
	}
	content := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{byte(n), byte(seed)}).Read(content)
	h := newHost(t)
	h.other = append(bytes.Clone(content[1:]), 'x') // of the same size
	h.left = random.Int64N(int64(size))
	h.fail = func() { failures[failure].do(t, h, random, ways[way].direction) }
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()

	got, err := ways[way].move(ctx, t, h.client(t), h, content)
	requests, failed := h.state()
	if !failed || h.fault() != nil {
		t.Errorf("nothing happened; toxiproxy: %v", h.fault())
	}
	if _, typed := errors.AsType[*transfer.Error](err); err != nil && !typed {
		t.Errorf("the error is a %T", err)
	}
	replaced := failures[failure].name == changed
	switch {
	case replaced && ways[way].name == "download" && errors.Is(err, transfer.ErrChanged) && status.Code(err) == codes.Aborted:
	case err != nil:
		t.Errorf("%d of %d bytes after %d requests: %v", len(got), size, requests, err)
	case !bytes.Equal(got, content) && !(replaced && bytes.Equal(got, h.other)):
		t.Errorf("%d bytes arrived of %d, or others", len(got), size)
	}
	return requests > parts
}
