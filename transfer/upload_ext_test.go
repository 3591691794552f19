package transfer_test

import (
	"bytes"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/clientset"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
	"github.com/jetway-go/jetway/mockserver/objectstore"
	"github.com/jetway-go/jetway/transfer"
)

// mock is a backend with its storage, and a client that is logged in to it. At the end of
// the test no credential must have been sent to the storage.
func mock(t *testing.T, opts ...transfer.Option) (*transfer.Client, *objectstore.Store) {
	t.Helper()
	server := mocktest.New(t, mockserver.WithProject("demo"))
	cs, err := clientset.ForAPIKey(server.APIKey(), clientset.WithInsecure())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cs.Close()
		if n := server.Objects().CredentialsSeen(); n > 0 {
			t.Errorf("%d requests to the storage had a credential", n)
		}
	})
	return transfer.New(cs.DataProxy(), opts...), server.Objects()
}

// stored returns what the storage has of an object that was uploaded.
func stored(t *testing.T, store *objectstore.Store, native string) string {
	t.Helper()
	key, ok := store.Key(native)
	if !ok {
		t.Errorf("the native URL is %q", native)
	}
	data, ok := store.Get(key)
	if !ok {
		t.Errorf("there is no object %q", key)
	}
	return string(data)
}

// seeker has Seek, but cannot be read at two places.
type seeker struct{ io.ReadSeeker }

func TestWhatIsUploadedArrives(t *testing.T) {
	t.Parallel()
	c, store := mock(t)
	for _, size := range []int{0, 1, 256 << 10, 256<<10 + 1, 1<<20 + 7} {
		text := pattern(size)
		path := write(t, filepath.Join(t.TempDir(), "a.bin"), text)
		for name, upload := range map[string]func(to transfer.Destination) (transfer.Object, error){
			"file": func(to transfer.Destination) (transfer.Object, error) { return c.UploadFile(t.Context(), to, path) },
			"open file": func(to transfer.Destination) (transfer.Object, error) {
				f, err := os.Open(path)
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				return c.Upload(t.Context(), to, f)
			},
			"pipe": func(to transfer.Destination) (transfer.Object, error) {
				r, w, err := os.Pipe()
				if err != nil {
					t.Fatal(err)
				}
				defer r.Close()
				go func() { _, _ = w.WriteString(text); _ = w.Close() }()
				return c.Upload(t.Context(), to, r)
			},
			"bytes": func(to transfer.Destination) (transfer.Object, error) {
				return c.Upload(t.Context(), to, bytes.NewReader([]byte(text)))
			},
			"seeker": func(to transfer.Destination) (transfer.Object, error) {
				return c.Upload(t.Context(), to, seeker{strings.NewReader(text)})
			},
			"reader": func(to transfer.Destination) (transfer.Object, error) {
				return c.Upload(t.Context(), to, struct{ io.Reader }{strings.NewReader(text)})
			},
		} {
			to := demo
			to.Name = fmt.Sprintf("%s/%d", name, size)
			got, err := upload(to)
			if err != nil {
				t.Errorf("%s: %v", to.Name, err)
				continue
			}
			if got.Size != int64(size) || got.MD5 != md5.Sum([]byte(text)) || !strings.Contains(got.NativeURL, "/r/") {
				t.Errorf("%s: %+v", to.Name, got)
			}
			if there := stored(t, store, strings.ReplaceAll(got.NativeURL, "%20", " ")); there != text {
				t.Errorf("%s: %d bytes arrived, and they are other ones", to.Name, len(there))
			}
		}
	}
}

func TestAReaderIsSentFromWhereItIs(t *testing.T) {
	t.Parallel()
	c, store := mock(t)
	for name, r := range map[string]io.ReadSeeker{"at": strings.NewReader("abcdef"), "seeker": seeker{strings.NewReader("abcdef")}} {
		if _, err := r.Seek(2, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		to := demo
		to.Name = name
		got, err := c.Upload(t.Context(), to, r)
		if err != nil || stored(t, store, got.NativeURL) != "cdef" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestNamesReachTheStorageAsTheyAre(t *testing.T) {
	t.Parallel()
	c, store := mock(t)
	for _, name := range []string{"a b", "a?b", "a#b", "100%", "a%62", "a%zz", "é", "a:b", "[x]", ".hidden/.x", "a\nb", `back\slash`, "~a", "a+b&c=d"} {
		to := demo
		to.Name = name
		if _, err := c.Upload(t.Context(), to, strings.NewReader(name)); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		if data, ok := store.Get("uploads/demo/development/r/" + name); !ok || string(data) != name {
			t.Errorf("%q was not stored under its name", name)
		}
	}
	path := write(t, filepath.Join(t.TempDir(), "base.txt"), "x")
	got, err := c.UploadFile(t.Context(), transfer.Destination{Project: "demo", Domain: "development"}, path)
	if err != nil || !strings.HasSuffix(got.NativeURL, "/base.txt") || stored(t, store, got.NativeURL) != "x" {
		t.Errorf("without a name: %+v, %v", got, err)
	}
}

func TestNamesThatLeadElsewhereAreRefused(t *testing.T) {
	t.Parallel()
	c := transfer.New(&stub{})
	for name, change := range map[string]func(*transfer.Destination){
		"parent":       func(d *transfer.Destination) { d.Name = "../x" },
		"inner parent": func(d *transfer.Destination) { d.Name = "a/../x" },
		"absolute":     func(d *transfer.Destination) { d.Name = "/x" },
		"itself":       func(d *transfer.Destination) { d.Name = "." },
		"empty part":   func(d *transfer.Destination) { d.Name = "a//b" },
		"root":         func(d *transfer.Destination) { d.Root = "../r" },
	} {
		to := demo
		change(&to)
		_, err := c.Upload(t.Context(), to, strings.NewReader("x"))
		if !errors.Is(err, transfer.ErrEscapes) || status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, to := range map[string]transfer.Destination{
		"no project": {Domain: "d", Name: "x"},
		"no domain":  {Project: "p", Name: "x"},
		"no name":    {Project: "p", Domain: "d", Root: "r"},
		"not UTF-8":  {Project: "p", Domain: "d", Name: "a\xff"},
	} {
		var e *transfer.Error
		if _, err := c.Upload(t.Context(), to, strings.NewReader("x")); !errors.As(err, &e) || e.Op != "upload" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOtherContentIsNotOverwrittenAndTheSameIsFine(t *testing.T) {
	t.Parallel()
	c, store := mock(t)
	path := write(t, filepath.Join(t.TempDir(), "a"), "first")
	first, err := c.UploadFile(t.Context(), demo, path)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := c.UploadFile(t.Context(), demo, path); err != nil || again != first {
		t.Errorf("the same again: %+v, %v", again, err)
	}
	write(t, path, "other")
	_, err = c.UploadFile(t.Context(), demo, path)
	var e *transfer.Error
	if !errors.Is(err, transfer.ErrExists) || !errors.As(err, &e) || e.Object != path || status.Code(err) != codes.AlreadyExists ||
		!strings.Contains(err.Error(), first.NativeURL) {
		t.Errorf("other content: %v", err)
	}
	if got := stored(t, store, first.NativeURL); got != "first" {
		t.Errorf("the object is now %q", got)
	}
}

func TestWhatIsNoFileIsRefused(t *testing.T) {
	t.Parallel()
	c := transfer.New(&stub{})
	dir := t.TempDir()
	_, err := c.UploadFile(t.Context(), demo, dir)
	if !errors.Is(err, transfer.ErrNotFile) || !strings.Contains(err.Error(), dir) {
		t.Errorf("a directory: %v", err)
	}
	if _, err := c.UploadFile(t.Context(), demo, filepath.Join(dir, "no")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing: %v", err)
	}
	pipe := filepath.Join(dir, "pipe")
	makePipe(t, pipe)
	if _, err := c.UploadFile(t.Context(), demo, pipe); !errors.Is(err, transfer.ErrNotFile) && !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a pipe: %v", err)
	}
	broken := errors.New("broken")
	for name, r := range map[string]io.Reader{
		"reader": io.MultiReader(strings.NewReader("x"), failing{broken}),
		"large":  io.MultiReader(strings.NewReader(pattern(300<<10)), failing{broken}),
		"seeker": seeker{failing{broken}},
	} {
		if _, err := c.Upload(t.Context(), demo, r); !errors.Is(err, broken) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error)       { return 0, f.err }
func (f failing) Seek(int64, int) (int64, error) { return 0, nil }

// The content is not read into memory, nor does anything remain of a temporary file.
func TestALargeReaderLeavesNoTemporaryFile(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Setenv("TMP", dir)
	c, _ := mock(t)
	during := 0
	r := io.MultiReader(strings.NewReader(pattern(1<<20)), readerFunc(func([]byte) (int, error) {
		found, _ := filepath.Glob(filepath.Join(dir, "jetway-upload-*"))
		during = len(found)
		return 0, io.EOF
	}))
	if _, err := c.Upload(t.Context(), demo, r); err != nil {
		t.Error(err)
	}
	found, err := filepath.Glob(filepath.Join(dir, "jetway-upload-*"))
	if err != nil || during != 1 || len(found) > 0 {
		t.Errorf("%d temporary files during the upload, and %v after it, %v", during, found, err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestUploadInputsReturnsWhatCreateRunTakes(t *testing.T) {
	t.Parallel()
	c, store := mock(t)
	req := &dataproxypb.UploadInputsRequest{
		Id:   &dataproxypb.UploadInputsRequest_ProjectId{ProjectId: &commonpb.ProjectIdentifier{Name: "demo", Domain: "development"}},
		Task: &dataproxypb.UploadInputsRequest_TaskSpec{TaskSpec: &taskpb.TaskSpec{}},
	}
	got, err := c.UploadInputs(t.Context(), req)
	if err != nil || got.GetInputsHash() == "" {
		t.Fatalf("%v, %v", got, err)
	}
	if key, ok := store.Key(got.GetUri()); !ok {
		t.Errorf("URI %q, key %q", got.GetUri(), key)
	}
	if req.Inputs != nil {
		t.Error("the caller's request was changed")
	}
	_, err = c.UploadInputs(t.Context(), &dataproxypb.UploadInputsRequest{})
	var e *transfer.Error
	if !errors.As(err, &e) || e.Op != "upload inputs" || status.Code(err) != codes.InvalidArgument {
		t.Errorf("a bad request: %v", err)
	}
}

func TestCreateDownloadLinkSaysWhyThereIsNone(t *testing.T) {
	t.Parallel()
	c, _ := mock(t)
	_, err := c.CreateDownloadLink(t.Context(), &dataproxypb.CreateDownloadLinkRequest{
		ArtifactType: dataproxypb.ArtifactType_ARTIFACT_TYPE_REPORT,
		Source: &dataproxypb.CreateDownloadLinkRequest_ActionAttemptId{ActionAttemptId: &commonpb.ActionAttemptIdentifier{
			ActionId: &commonpb.ActionIdentifier{Run: &commonpb.RunIdentifier{Project: "demo", Domain: "development", Name: "nightly"}, Name: "a0"}, Attempt: 1,
		}},
	})
	var e *transfer.Error
	if !errors.As(err, &e) || e.Op != "create download link" || e.Object != "nightly" || status.Code(err) != codes.NotFound {
		t.Errorf("%v", err)
	}
}

func TestALinkShowsNoSecret(t *testing.T) {
	t.Parallel()
	link := transfer.Link{URL: "https://s.example.com/b/report.html?X-Sig=" + canary}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if text := fmt.Sprintf(verb, link); strings.Contains(text, canary) || !strings.Contains(text, "report.html") {
			t.Errorf("%s: %s", verb, text)
		}
	}
	if text, err := link.MarshalText(); err != nil || strings.Contains(string(text), canary) {
		t.Errorf("%s, %v", text, err)
	}
}

// The credential of a login in a client that a program shares must not reach the storage,
// nor what the storage says reach its cookies.
func TestTheLoginsClientSignsNothingForTheStorage(t *testing.T) {
	t.Parallel()
	server := mocktest.New(t, mockserver.WithProject("demo"))
	cs, err := clientset.ForAPIKey(server.APIKey(), clientset.WithInsecure(), clientset.WithHTTPBase("http://127.0.0.1:1"))
	if err != nil {
		t.Fatal(err)
	}
	defer cs.Close()
	c := transfer.New(cs.DataProxy(), transfer.WithHTTPClient(cs.HTTPClient()))
	if _, err := c.Upload(t.Context(), demo, strings.NewReader("x")); err != nil {
		t.Error(err)
	}
	if n := server.Objects().CredentialsSeen(); n > 0 {
		t.Errorf("%d requests to the storage had a credential", n)
	}
}

var _ transfer.DataProxy = dataproxypb.DataProxyServiceClient(nil)

var _ http.RoundTripper = tripper(nil)
