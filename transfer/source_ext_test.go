package transfer_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	"github.com/jetway-go/jetway/transfer"
)

// second is a reader of which the second pass ends with err at half of the content.
type second struct {
	*strings.Reader

	err    error
	passes *int
}

func (s second) ReadAt(p []byte, at int64) (int, error) {
	half := s.Size() / 2
	if at == 0 {
		*s.passes++
	}
	if *s.passes == 1 {
		return s.Reader.ReadAt(p, at)
	}
	if at >= half {
		return 0, s.err
	}
	return s.Reader.ReadAt(p[:min(int64(len(p)), half-at)], at)
}

// seeking is the same without ReadAt.
type seeking struct {
	r   *second
	pos *int64
}

func (s seeking) Read(p []byte) (int, error) {
	n, err := s.r.ReadAt(p, *s.pos)
	*s.pos += int64(n)
	return n, err
}

func (s seeking) Seek(at int64, whence int) (int64, error) {
	if whence == io.SeekStart {
		*s.pos = at
	}
	return *s.pos, nil
}

// What the program's own reader does is no fault of the host's, and no attempt mends it.
func TestReaderThatFailsWhileItIsSentEndsTheUpload(t *testing.T) {
	t.Parallel()
	broken := status.Error(codes.Unavailable, "the disk is gone")
	for name, tc := range map[string]struct{ err, want error }{
		"an error":      {broken, broken},
		"an early end":  {io.EOF, transfer.ErrChanged},
		"a torn answer": {io.ErrUnexpectedEOF, io.ErrUnexpectedEOF},
	} {
		for kind, reader := range map[string]func(s second) io.Reader{
			"ReaderAt": func(s second) io.Reader { return s },
			"Seeker":   func(s second) io.Reader { return seeking{&s, new(int64)} },
		} {
			t.Run(name+" of a "+kind, func(t *testing.T) {
				t.Parallel()
				srv := storageHost(t, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
				passes := 0
				r := reader(second{strings.NewReader(pattern(100_000)), tc.err, &passes})
				dp := &stub{host: srv.URL}
				_, err := transfer.New(dp).Upload(t.Context(), demo, r)
				if !errors.Is(err, tc.want) || passes != 2 || strings.Contains(err.Error(), srv.URL) {
					t.Errorf("after %d passes: %v", passes, err)
				}
			})
		}
	}
}

func TestReaderThatGrowsIsSentAsItWasRead(t *testing.T) {
	t.Parallel()
	got := make(chan string, 1)
	srv := storageHost(t, func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		got <- string(text)
	})
	path := write(t, filepath.Join(t.TempDir(), "a"), "content")
	r := growing{strings.NewReader("content"), strings.NewReader("content and more"), new(int)}
	if _, err := transfer.New(&stub{host: srv.URL}).Upload(t.Context(), demo, r); err != nil {
		t.Error(err)
	}
	if text := <-got; text != "content" {
		t.Errorf("%q was sent of %s", text, path)
	}
}

// growing is longer after the first pass.
type growing struct {
	short, long *strings.Reader
	passes      *int
}

func (g growing) now() *strings.Reader {
	if *g.passes > 1 {
		return g.long
	}
	return g.short
}

func (g growing) Read(p []byte) (int, error) { return g.now().Read(p) }

func (g growing) Seek(at int64, whence int) (int64, error) {
	*g.passes++ // once to ask where it is
	return g.now().Seek(at, whence)
}

func TestUploadOfAReaderWithoutAnEndEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		end := time.Now().Add(time.Hour) // where the rule does not hold
		_, err := transfer.New(&stub{}).Upload(ctx, demo, readerFunc(func([]byte) (int, error) {
			time.Sleep(time.Second)
			if time.Now().After(end) {
				return 0, io.EOF
			}
			return 0, nil
		}))
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

func TestHeaderThatNoRequestCanHaveIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	for name, header := range map[string]map[string]string{
		"a value of two lines": {"X-Meta": canary + "\r\nX-Other: 1"},
		"a name with a space":  {"X Meta": canary},
		"no name":              {"": canary},
	} {
		dp := &stub{host: "https://s.example.com", header: header}
		hc := &http.Client{Transport: tripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("net/http refuses it") })}
		_, err := transfer.New(dp, transfer.WithHTTPClient(hc)).Upload(t.Context(), demo, strings.NewReader("x"))
		if err == nil || !strings.Contains(err.Error(), "the backend gave a header") || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An answer 101 has the connection for its body, and no context ends a read of that.
func TestAnswerThatSwitchesProtocolsDoesNotHoldUpACall(t *testing.T) {
	t.Parallel()
	over := make(chan struct{})
	srv := storageHost(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
		<-over
	})
	defer close(over)
	c := transfer.New(&stub{host: srv.URL})
	_, up := c.Upload(t.Context(), demo, strings.NewReader("x"))
	_, down := c.Download(t.Context(), transfer.Link{URL: srv.URL}, io.Discard)
	for _, err := range []error{up, down} {
		if refused, ok := errors.AsType[*transfer.StatusError](err); !ok || refused.Status != http.StatusSwitchingProtocols {
			t.Error(err)
		}
	}
}

// The headers of four connections at once are a part of what a transfer holds in memory.
func TestHeadersWithoutAnEndAreReadUpToALimit(t *testing.T) {
	t.Parallel()
	srv := storageHost(t, func(w http.ResponseWriter, _ *http.Request) {
		for i := range 40 {
			w.Header().Add("X-Meta", strings.Repeat("a", 10_000+i))
		}
	})
	_, err := transfer.New(&stub{}, transfer.WithAttempts(1)).Download(t.Context(), transfer.Link{URL: srv.URL}, io.Discard)
	if status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), "headers") {
		t.Error(err)
	}
}

// nowhere is a backend that does not say where an object will be.
type nowhere struct{ *stub }

func (n nowhere) CreateUploadLocation(
	ctx context.Context, req *dataproxypb.CreateUploadLocationRequest, opts ...grpc.CallOption,
) (*dataproxypb.CreateUploadLocationResponse, error) {
	res, err := n.stub.CreateUploadLocation(ctx, req, opts...)
	res.NativeUrl = ""
	return res, err
}

func TestObjectThatIsNowhereIsNotUploaded(t *testing.T) {
	t.Parallel()
	sent := 0
	hc := &http.Client{Transport: tripper(func(r *http.Request) (*http.Response, error) { sent++; return answer(r, 200, ""), nil })}
	_, err := transfer.New(nowhere{&stub{host: "https://s.example.com"}}, transfer.WithHTTPClient(hc)).Upload(t.Context(), demo, strings.NewReader("x"))
	if err == nil || sent > 0 {
		t.Errorf("%v after %d requests", err, sent)
	}
}
