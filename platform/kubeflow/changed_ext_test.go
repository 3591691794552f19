package kubeflow_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/platform/kubeflow"
)

// A half of a pipeline may be a valid one.
func TestAPackageThatChangesWhileItIsSentIsAnError(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(f *os.File) error{
		"longer":  func(f *os.File) error { _, err := f.WriteAt([]byte("b: 2\n"), 5); return err },
		"shorter": func(f *os.File) error { return f.Truncate(2) },
		"empty":   func(f *os.File) error { return f.Truncate(0) },
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.Copy(io.Discard, r.Body); err == nil && r.Method == http.MethodPost {
				t.Errorf("%s: it was sent as if it were whole", name)
			}
			_, _ = io.WriteString(w, `{"pipeline_id":"p","pipeline_version_id":"v"}`)
		}))
		f, err := os.Create(filepath.Join(t.TempDir(), "a.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString("a: 1\n"); err != nil {
			t.Fatal(err)
		}
		of, err := kubeflow.FilePackage(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := change(f); err != nil {
			t.Fatal(err)
		}
		_, err = kubeflow.NewClient(srv.Client(), srv.URL).UploadPipeline(t.Context(), of, kubeflow.Upload{})
		if !errors.Is(err, kubeflow.ErrChanged) || status.Code(err) != codes.Aborted {
			t.Errorf("%s: %v (%v), want ErrChanged", name, err, status.Code(err))
		}
		srv.Close()
		f.Close()
	}
}

func TestAnAnswerWithoutAnIDIsNoSuccess(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"{}", "null", `{"pipeline_id":""}`, `{"name":"a"}`, `{"error_message":"x"}`} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
		client := kubeflow.NewClient(srv.Client(), srv.URL)
		if made, err := client.UploadPipeline(t.Context(), text("a.yaml", "a"), kubeflow.Upload{}); !errors.Is(err, kubeflow.ErrAnswer) {
			t.Errorf("%s: %+v, %v; want ErrAnswer", body, made, err)
		}
		if made, err := client.UploadVersion(t.Context(), "p", text("a.yaml", "a"), kubeflow.Upload{}); !errors.Is(err, kubeflow.ErrAnswer) {
			t.Errorf("%s: %+v, %v; want ErrAnswer", body, made, err)
		}
		srv.Close()
	}
}

// lagging answers a POST at once, and reads its body later, as transports may.
type lagging struct{ body io.ReadCloser }

func (l *lagging) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPost {
		l.body = r.Body
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(`{"pipeline_id":"p"}`))}, nil
}

func TestNothingIsReadOrReportedAfterTheUpload(t *testing.T) {
	t.Parallel()
	transport, calls := &lagging{}, 0
	of := text("a.yaml", "a")
	if _, err := kubeflow.NewClient(&http.Client{Transport: transport}, "https://kf.test").UploadPipeline(t.Context(), of,
		kubeflow.Upload{Progress: func(int64, int64) { calls++ }}); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(transport.body); err == nil || strings.Contains(string(rest), "\r\n\r\na\r\n") {
		t.Errorf("%q, %v", rest, err)
	}
	if calls != 0 {
		t.Errorf("the progress was reported %d times", calls)
	}
}
