package transfer_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jetway-go/jetway/transfer"
)

func TestPartsUseTheirConnectionsAgain(t *testing.T) {
	t.Parallel()
	var opened atomic.Int32
	content := strings.NewReader(someParts())
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"e"`)
		http.ServeContent(w, r, "", time.Time{}, io.NewSectionReader(content, 0, content.Size()))
	}))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	srv.Start()
	defer srv.Close()
	path := filepath.Join(t.TempDir(), "out")
	c := transfer.New(nil, transfer.WithPartSize(part/32), transfer.WithConcurrency(3))
	if _, err := c.DownloadFile(t.Context(), transfer.Link{URL: srv.URL + "/key"}, path); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(path); string(text) != someParts() || opened.Load() > 20 { // one may be dialed while another gets free
		t.Errorf("%d bytes over %d connections, want about 3 for 97 parts", len(text), opened.Load())
	}
}

func TestMemoryDoesNotGrowWithTheDownload(t *testing.T) { //nolint:paralleltest // it counts what all goroutines allocate
	size := sizeOf(t, 64<<20)
	path := sparse(t, size)
	srv := storageHost(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"e"`)
		http.ServeFile(w, r, path)
	})
	c, l := transfer.New(nil, transfer.WithPartSize(1<<20)), transfer.Link{URL: srv.URL + "/key"}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got, err := c.DownloadFile(t.Context(), l, filepath.Join(t.TempDir(), "out"))
	if err != nil || got.Size != size {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err = c.Download(t.Context(), l, io.Discard); err != nil || got.Size != size {
		t.Errorf("%+v, %v", got, err)
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 8<<20+uint64(size/64) { // some for each part
		t.Errorf("%d bytes were allocated for %d of content", got, size)
	}
}
