package kubeflow_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/platform/kubeflow"
	"github.com/jetway-go/jetway/platform/kubeflow/dextest"
	"github.com/jetway-go/jetway/platform/kubeflow/tokenreviewtest"
)

// text is a package in memory.
func text(name, content string) kubeflow.Package {
	return kubeflow.Package{Name: name, Content: strings.NewReader(content), Size: int64(len(content))}
}

func TestAPackageIsUploadedWithItsVersions(t *testing.T) {
	t.Parallel()
	proxy, api := gateway(t, dextest.Config{})
	cs := made(t, user(proxy))
	client := kubeflow.NewClient(cs.HTTPClient(), cs.HTTPURL(""))
	content := append([]byte{0x1f, 0x8b, 0, 0xff}, bytes.Repeat([]byte("\r\n--x"), 200_000)...)
	path := filepath.Join(t.TempDir(), `train "1"; ü.tar.gz`)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	opened, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	of, err := kubeflow.FilePackage(opened)
	if err != nil || of.Size != int64(len(content)) {
		t.Fatal(of, err)
	}
	var seen []int64
	made, err := client.UploadPipeline(t.Context(), of, kubeflow.Upload{
		Name: "train", DisplayName: "Train & test", Description: "a=b", Namespace: "team", Tags: map[string]string{"k": "ü&"}, CodeSourceURL: "https://x.test/?a=b",
		Progress: func(sent, size int64) {
			if size != of.Size {
				t.Errorf("of %d bytes, want %d", size, of.Size)
			}
			seen = append(seen, sent)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if made.Name != "train" || made.DisplayName != "Train & test" || made.Description != "a=b" || made.Namespace != "team" || made.Created.IsZero() {
		t.Errorf("%+v", made)
	}
	if !bytes.Equal(api.Package(made.ID), content) {
		t.Error("the package arrived as another one")
	}
	if len(seen) < 5 || !slices.IsSorted(seen) || seen[len(seen)-1] != of.Size {
		t.Errorf("progress %v", seen)
	}
	version, err := client.UploadVersion(t.Context(), made.ID, text("v2.yaml", "b: 2\n"), kubeflow.Upload{Name: "v2"})
	if err != nil || version.PipelineID != made.ID || version.Name != "v2" || string(api.Package(version.ID)) != "b: 2\n" {
		t.Errorf("%+v, %v", version, err)
	}
	unnamed, err := client.UploadPipeline(t.Context(), text("own.yml", "a: 1\n"), kubeflow.Upload{Namespace: "team"})
	if err != nil || unnamed.Name != "own.yml" {
		t.Errorf("%+v, %v", unnamed, err)
	}

	for name, tt := range map[string]struct {
		pipeline, version string
		as                kubeflow.Upload
		want              error
		code              codes.Code
	}{
		"a name twice":    {"", "", kubeflow.Upload{Name: "train", Namespace: "team"}, kubeflow.ErrExists, codes.AlreadyExists},
		"not allowed":     {"", "", kubeflow.Upload{Name: "x", Namespace: "others"}, kubeflow.ErrForbidden, codes.PermissionDenied},
		"a version twice": {"", made.ID, kubeflow.Upload{Name: "v2"}, kubeflow.ErrExists, codes.AlreadyExists},
		"of no pipeline":  {"", "none/../x", kubeflow.Upload{Name: "v2"}, kubeflow.ErrNotFound, codes.NotFound},
	} {
		var err error
		if tt.version == "" {
			_, err = client.UploadPipeline(t.Context(), text("a.yaml", "a"), tt.as)
		} else {
			_, err = client.UploadVersion(t.Context(), tt.version, text("a.yaml", "a"), tt.as)
		}
		if !errors.Is(err, tt.want) || status.Code(err) != tt.code {
			t.Errorf("%s: %v (%v), want %v", name, err, status.Code(err), tt.want)
		}
	}
	if h, err := client.Health(t.Context()); err != nil || !h.MultiUser || h.Tag != "2.17.0" {
		t.Errorf("%+v, %v", h, err)
	}
	if proxy.Logins() != 1 {
		t.Errorf("%d logins", proxy.Logins())
	}
}

// untouched fails the test if it is read.
type untouched struct{ t *testing.T }

func (u untouched) ReadAt([]byte, int64) (int, error) {
	u.t.Error("the content was read")
	return 0, io.EOF
}

func TestWhatTheServerWouldNotTakeIsNotSent(t *testing.T) {
	t.Parallel()
	asked := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") }))
	defer asked.Close()
	client := kubeflow.NewClient(asked.Client(), asked.URL)
	for name, tt := range map[string]struct {
		of       kubeflow.Package
		pipeline string
		want     error
	}{
		"too large":      {kubeflow.Package{Name: "a.zip", Content: untouched{t}, Size: kubeflow.MaxPackage + 1}, "p", kubeflow.ErrTooLarge},
		"empty":          {text("a.yaml", ""), "p", kubeflow.ErrBadRequest},
		"no content":     {kubeflow.Package{Name: "a.yaml", Size: 1}, "p", kubeflow.ErrBadRequest},
		"no name":        {text("", "a"), "p", kubeflow.ErrBadRequest},
		"neither":        {text("a.txt", "abc"), "p", kubeflow.ErrBadRequest},
		"not compressed": {text("a.zip", "P"), "p", kubeflow.ErrBadRequest},
		"no id":          {text("a.yaml", "a"), "", kubeflow.ErrBadRequest},
		"another id":     {text("a.yaml", "a"), "..", kubeflow.ErrBadRequest},
	} {
		if tt.pipeline == "p" {
			if _, err := client.UploadPipeline(t.Context(), tt.of, kubeflow.Upload{}); !errors.Is(err, tt.want) {
				t.Errorf("%s: %v, want %v", name, err, tt.want)
			}
		}
		if _, err := client.UploadVersion(t.Context(), tt.pipeline, tt.of, kubeflow.Upload{}); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
	for _, base := range []string{"", "kf.test", "https://ann:canary@kf.test", "https://kf.test?canary", "ftp://kf.test"} {
		if _, err := kubeflow.NewClient(nil, base).Health(t.Context()); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", base, err)
		}
	}
}

// large is content that is nowhere in memory; it records the largest part that was asked for.
type large struct{ largest atomic.Int64 }

func (l *large) ReadAt(p []byte, at int64) (int, error) {
	l.largest.Store(max(l.largest.Load(), int64(len(p))))
	n := copy(p, "PK\x03\x04"[min(at, 4):])
	clear(p[n:])
	return len(p), nil
}

func TestAnUploadCanBeRepeatedAndIsNeverInMemory(t *testing.T) {
	t.Parallel()
	const size = 4 << 20
	var got []int64
	sessions := 0
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
			part, partErr := multipart.NewReader(r.Body, params["boundary"]).NextPart()
			if err != nil || partErr != nil || part.FormName() != "uploadfile" || part.FileName() != "big.zip" || r.ContentLength < size {
				t.Errorf("%v, %v, %d bytes", err, partErr, r.ContentLength)
				return
			}
			n, err := io.Copy(io.Discard, part)
			if err != nil {
				t.Error(err)
			}
			got = append(got, n)
			if len(got) == 1 { // the session ended in the meantime
				w.WriteHeader(http.StatusUnauthorized)
				_, _ = io.WriteString(w, "{}")
				return
			}
		}
		_, _ = io.WriteString(w, `{"pipeline_id":"p"}`)
	}))
	defer api.Close()
	next := flow.Func{Name: "sessions", Login: func(context.Context, auth.Env, *auth.Credentials) (*auth.Credentials, error) {
		sessions++
		return &auth.Credentials{AccessToken: strings.Repeat("s", sessions)}, nil
	}}
	cs, err := clientset.ForEndpoint("", clientset.WithHTTPBase(api.URL), clientset.WithFlow(next), clientset.WithoutStore())
	if err != nil {
		t.Fatal(err)
	}
	defer cs.Close()
	content := &large{}
	begins, last := 0, int64(0)
	made, err := kubeflow.NewClient(cs.HTTPClient(), cs.HTTPURL("")).UploadPipeline(t.Context(),
		kubeflow.Package{Name: "big.zip", Content: content, Size: size}, kubeflow.Upload{Progress: func(sent, _ int64) {
			if sent < last {
				begins++
			}
			last = sent
		}})
	if err != nil || made.ID != "p" || !slices.Equal(got, []int64{size, size}) || sessions != 2 {
		t.Errorf("%+v, %v; arrived %v with %d logins", made, err, got, sessions)
	}
	if begins != 1 || last != size {
		t.Errorf("the progress began anew %d times, and ended at %d", begins, last)
	}
	if n := content.largest.Load(); n > 1<<20 {
		t.Errorf("%d bytes were read at once", n)
	}
}

// Kubeflow answers 400 to an upload with a token that has expired, and that would be no
// reason to read the next one.
func TestAnUploadFindsOutFirstWhetherTheLoginIsGood(t *testing.T) {
	t.Parallel()
	k8s := tokenreviewtest.NewCluster()
	old := k8s.IssueToken("sa", 0)
	path := file(t, old)
	api := pipelines(k8s)
	cs := made(t, kubeflow.Resolver{Host: face(t, api), TokenPath: path, LookupEnv: env()})
	client := kubeflow.NewClient(cs.HTTPClient(), cs.HTTPURL(""))
	made, err := client.UploadPipeline(t.Context(), text("a.yaml", "a"), kubeflow.Upload{Namespace: "team"})
	if err != nil {
		t.Fatal(err)
	}
	for _, upload := range []func() error{
		func() error {
			_, err := client.UploadPipeline(t.Context(), text("b.yaml", "a"), kubeflow.Upload{Namespace: "team"})
			return err
		},
		func() error {
			_, err := client.UploadVersion(t.Context(), made.ID, text("b.yaml", "a"), kubeflow.Upload{})
			return err
		},
	} {
		k8s.ExpireToken(old)
		old = k8s.IssueToken("sa", 0)
		rewrite(t, path, old)
		if err := upload(); err != nil {
			t.Error(err)
		}
	}
	k8s.ExpireToken(old)
	posts := strings.Count(strings.Join(api.Requests(), "\n"), "POST")
	_, err = client.UploadPipeline(t.Context(), text("c.yaml", "a"), kubeflow.Upload{Namespace: "team"})
	if !errors.Is(err, kubeflow.ErrUnauthenticated) || status.Code(err) != codes.Unauthenticated {
		t.Errorf("%v, want ErrUnauthenticated", err)
	}
	if n := strings.Count(strings.Join(api.Requests(), "\n"), "POST"); n != posts {
		t.Error("the package was sent all the same")
	}
}

func TestWhatAnUploadIsRefusedForIsNamed(t *testing.T) {
	t.Parallel()
	const page = "<html><a href='/dex/auth?state=canary'>Sign in</a></html>"
	for name, tt := range map[string]struct {
		status  int
		body    string
		want    error
		code    codes.Code
		message string
	}{
		"upload's form":    {400, `{"error_message":"Failed to create a pipeline","error_details":"x"}`, kubeflow.ErrBadRequest, codes.InvalidArgument, "Failed to create a pipeline"},
		"authentication":   {400, `{"error_message":"Pipeline upload authentication failed."}`, kubeflow.ErrUnauthenticated, codes.Unauthenticated, "authentication failed"},
		"permission":       {400, `{"error_message":"pipeline upload denied: permission to create …"}`, kubeflow.ErrForbidden, codes.PermissionDenied, "denied"},
		"text":             {400, "Namespace is too long\x1b[2J\n", kubeflow.ErrBadRequest, codes.InvalidArgument, "Namespace is too long"},
		"gateway's form":   {404, `{"code":5,"message":"Not Found"}`, kubeflow.ErrNotFound, codes.NotFound, "Not Found"},
		"proxy's 401":      {401, `{}`, kubeflow.ErrUnauthenticated, codes.Unauthenticated, ""},
		"proxy's page":     {403, page, kubeflow.ErrUnauthenticated, codes.Unauthenticated, "web page"},
		"redirect":         {302, "", kubeflow.ErrUnauthenticated, codes.Unauthenticated, ""},
		"forbidden":        {403, "RBAC: access denied", kubeflow.ErrForbidden, codes.PermissionDenied, "RBAC"},
		"exists":           {409, `{"error_message":"x"}`, kubeflow.ErrExists, codes.AlreadyExists, "x"},
		"a proxy's limit":  {413, page, kubeflow.ErrTooLarge, codes.InvalidArgument, "web page"},
		"no answer behind": {502, page, kubeflow.ErrServerFault, codes.Unavailable, "web page"},
		"a page":           {200, page, kubeflow.ErrAnswer, codes.Unknown, "web page"},
		"teapot":           {418, "", kubeflow.ErrAnswer, codes.Unknown, ""},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet { // that the login is good
				_, _ = io.WriteString(w, "{}")
				return
			}
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(tt.status)
			_, _ = io.WriteString(w, tt.body)
		}))
		_, err := kubeflow.NewClient(srv.Client(), srv.URL).UploadPipeline(t.Context(), text("a.yaml", "a"), kubeflow.Upload{})
		own, ok := errors.AsType[*kubeflow.APIError](err)
		if !ok || !errors.Is(err, tt.want) || status.Code(err) != tt.code || own.Status != tt.status || !strings.Contains(own.Message, tt.message) {
			t.Errorf("%s: %v (%v), want %v", name, err, status.Code(err), tt.want)
		}
		if strings.ContainsRune(err.Error(), '\x1b') || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %q", name, err)
		}
		srv.Close()
	}
	gone := httptest.NewServer(nil)
	gone.Close()
	if _, err := kubeflow.NewClient(nil, gone.URL).UploadPipeline(t.Context(), text("a.yaml", "a"), kubeflow.Upload{}); status.Code(err) != codes.Unavailable {
		t.Errorf("%v, want Unavailable", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := kubeflow.NewClient(nil, gone.URL).UploadPipeline(ended, text("a.yaml", "a"), kubeflow.Upload{}); status.Code(err) != codes.Canceled {
		t.Errorf("%v, want Canceled", err)
	}
}
