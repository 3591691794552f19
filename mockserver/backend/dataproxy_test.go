package backend

import (
	"crypto/md5"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	"github.com/jetway-go/jetway/mockserver/objectstore"
)

// withObjects serves a backend and its object store, the latter over loopback.
func withObjects(t *testing.T, cfg Config) (*objectstore.Store, *http.Client, *grpc.ClientConn) {
	t.Helper()
	store := objectstore.New(objectstore.Config{Bucket: "bucket", Now: cfg.Now})
	srv := httptest.NewServer(store)
	t.Cleanup(srv.Close)
	store.SetBaseURL(srv.URL)
	cfg.Objects = store
	_, conn := dial(t, cfg)
	return store, srv.Client(), conn
}

func digest(content string) []byte {
	sum := md5.Sum([]byte(content))
	return sum[:]
}

// put uploads content with these headers and returns the HTTP status.
func put(t *testing.T, hc *http.Client, signedURL, content string, headers map[string]string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, signedURL, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	res, err := hc.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode
}

func TestCreateUploadLocationSignsAndValidates(t *testing.T) {
	t.Parallel()
	now := clock()()
	_, _, conn := withObjects(t, Config{Now: func() time.Time { return now }})
	c := dataproxypb.NewDataProxyServiceClient(conn)
	sum := digest("hello")
	base := func(change func(*dataproxypb.CreateUploadLocationRequest)) *dataproxypb.CreateUploadLocationRequest {
		req := &dataproxypb.CreateUploadLocationRequest{
			Project: "demo", Domain: "development", Filename: "f.txt", ContentMd5: sum, Org: "acme",
		}
		change(req)
		return req
	}
	type req = dataproxypb.CreateUploadLocationRequest

	for name, tc := range map[string]struct {
		req    *req
		code   codes.Code
		native string
	}{
		"root nor digest": {base(func(r *req) { r.ContentMd5 = nil }), codes.InvalidArgument, ""},
		"over an hour":    {base(func(r *req) { r.ExpiresIn = durationpb.New(time.Hour + 1) }), codes.InvalidArgument, ""},
		"an hour": {
			base(func(r *req) { r.ExpiresIn = durationpb.New(time.Hour) }), codes.OK,
			"s3://bucket/uploads/demo/development/" + base32.StdEncoding.EncodeToString(sum) + "/f.txt",
		},
		"already expired": {base(func(r *req) { r.ExpiresIn = durationpb.New(0) }), codes.InvalidArgument, ""},
		"over 100 MiB":    {base(func(r *req) { r.ContentLength = 100<<20 + 1 }), codes.InvalidArgument, ""},
		"100 MiB": {
			base(func(r *req) { r.ContentLength = 100 << 20; r.FilenameRoot = "top" }), codes.OK,
			"s3://bucket/uploads/demo/development/top/f.txt",
		},
		"unknown project": {base(func(r *req) { r.Project = "X" }), codes.NotFound, ""},
		"empty project":   {base(func(r *req) { r.Project = "" }), codes.InvalidArgument, ""},
		"short digest": {
			base(func(r *req) { r.ContentMd5 = []byte{1} }), codes.OK,
			"s3://bucket/uploads/demo/development/AE======/f.txt",
		},
		"path in the name": {
			base(func(r *req) { r.FilenameRoot = "top"; r.Filename = "sub/dir/f.txt" }), codes.OK,
			"s3://bucket/uploads/demo/development/top/sub/dir/f.txt",
		},
		"escaped name": {
			base(func(r *req) { r.FilenameRoot = "top"; r.Filename = "a%3Fb c" }), codes.OK, "s3://bucket/uploads/demo/development/top/a%3Fb%20c",
		},
		"no URL reference": {base(func(r *req) { r.FilenameRoot = "top"; r.Filename = "100%" }), codes.Internal, ""},
		"way out of the root": {
			base(func(r *req) { r.FilenameRoot = "top"; r.Filename = "../f" }), codes.OK, "s3://bucket/uploads/demo/development/f",
		},
		"way out of the bucket": {
			base(func(r *req) { r.FilenameRoot = "top"; r.Filename = "../../../../../f" }), codes.InvalidArgument, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := c.CreateUploadLocation(t.Context(), tc.req)
			wantCode(t, err, tc.code)
			if got.GetNativeUrl() != tc.native {
				t.Errorf("native URL %q, want %q", got.GetNativeUrl(), tc.native)
			}
		})
	}

	t.Run("default expiry and headers", func(t *testing.T) {
		t.Parallel()
		got, err := c.CreateUploadLocation(t.Context(), base(func(r *req) { r.AddContentMd5Metadata = true }))
		wantCode(t, err, codes.OK)
		if want := now.Add(time.Hour); !got.GetExpiresAt().AsTime().Equal(want) {
			t.Errorf("expires at %v, want %v", got.GetExpiresAt().AsTime(), want)
		}
		b64 := base64.StdEncoding.EncodeToString(sum)
		want := map[string]string{"Content-MD5": b64, "x-amz-meta-flyteContentMD5": b64, "Content-Length": "24"}
		if len(got.GetHeaders()) != len(want) {
			t.Errorf("headers %v, want %v", got.GetHeaders(), want)
		}
		for name, value := range want {
			if got.GetHeaders()[name] != value {
				t.Errorf("header %s is %q, want %q", name, got.GetHeaders()[name], value)
			}
		}
	})
}

// As upstream: "a?b" is "a" in the storage. A client has to escape it.
func TestNamesAreReadAsURLReferences(t *testing.T) {
	t.Parallel()
	store, hc, conn := withObjects(t, Config{})
	c := dataproxypb.NewDataProxyServiceClient(conn)
	for name, key := range map[string]string{"a?b": "a", "c#d": "c", "e%3Ff": "e?f", "g h": "g h"} {
		got, err := c.CreateUploadLocation(t.Context(), &dataproxypb.CreateUploadLocationRequest{
			Project: "demo", Domain: "development", FilenameRoot: "top", Filename: name,
		})
		wantCode(t, err, codes.OK)
		if status := put(t, hc, got.GetSignedUrl(), "x", nil); status != http.StatusOK {
			t.Errorf("%q: status %d", name, status)
		}
		if _, ok := store.Stat("uploads/demo/development/top/" + key); !ok {
			t.Errorf("%q was not stored as %q", name, key)
		}
	}
}

func TestUploadNeedsTheSignedHeaders(t *testing.T) {
	t.Parallel()
	store, hc, conn := withObjects(t, Config{})
	c := dataproxypb.NewDataProxyServiceClient(conn)
	got, err := c.CreateUploadLocation(t.Context(), &dataproxypb.CreateUploadLocationRequest{
		Project: "demo", Domain: "development", FilenameRoot: "r", Filename: "f", ContentMd5: digest("hello"), AddContentMd5Metadata: true,
	})
	wantCode(t, err, codes.OK)
	key, ok := store.Key(got.GetNativeUrl())
	if !ok {
		t.Fatalf("native URL %q is not of the store", got.GetNativeUrl())
	}

	if code := put(t, hc, got.GetSignedUrl(), "hello", nil); code != http.StatusForbidden {
		t.Errorf("without the headers: %d, want 403", code)
	}
	partly := map[string]string{"Content-MD5": got.GetHeaders()["Content-MD5"]}
	if code := put(t, hc, got.GetSignedUrl(), "hello", partly); code != http.StatusForbidden {
		t.Errorf("without the metadata header: %d, want 403", code)
	}
	partly = map[string]string{"x-amz-meta-flyteContentMD5": got.GetHeaders()["x-amz-meta-flyteContentMD5"]}
	if code := put(t, hc, got.GetSignedUrl(), "hello", partly); code != http.StatusForbidden {
		t.Errorf("without the digest: %d, want 403", code)
	}
	if code := put(t, hc, got.GetSignedUrl(), "jello", got.GetHeaders()); code != http.StatusBadRequest {
		t.Errorf("with other content: %d, want 400", code)
	}
	if _, there := store.Stat(key); there {
		t.Error("a refused upload was stored")
	}
	if code := put(t, hc, got.GetSignedUrl(), "hello", got.GetHeaders()); code != http.StatusOK {
		t.Errorf("with the headers: %d, want 200", code)
	}
	if data, _ := store.Get(key); string(data) != "hello" {
		t.Errorf("stored %q", data)
	}
	if n := store.CredentialsSeen(); n != 0 {
		t.Errorf("%d requests carried credentials", n)
	}
}

func TestUploadReplacesAnObjectBySameContentOnly(t *testing.T) {
	t.Parallel()
	_, hc, conn := withObjects(t, Config{})
	c := dataproxypb.NewDataProxyServiceClient(conn)
	req := func(root, name string, md5 []byte) *dataproxypb.CreateUploadLocationRequest {
		return &dataproxypb.CreateUploadLocationRequest{
			Project: "demo", Domain: "development", FilenameRoot: root, Filename: name, ContentMd5: md5,
		}
	}
	// Given an object under a root and a name…
	first, err := c.CreateUploadLocation(t.Context(), req("r", "f", digest("hello")))
	wantCode(t, err, codes.OK)
	if code := put(t, hc, first.GetSignedUrl(), "hello", first.GetHeaders()); code != http.StatusOK {
		t.Fatalf("upload: %d", code)
	}

	for name, tc := range map[string]struct {
		req  *dataproxypb.CreateUploadLocationRequest
		want codes.Code
		text string
	}{
		"same digest":  {req("r", "f", digest("hello")), codes.OK, ""},
		"other digest": {req("r", "f", digest("jello")), codes.AlreadyExists, "with other content"},
		"no digest":    {req("r", "f", nil), codes.AlreadyExists, "content_md5 is needed"},
		"another name": {req("r", "g", nil), codes.OK, ""},
		"another root": {req("s", "f", digest("jello")), codes.OK, ""},
		"no name":      {req("r", "", digest("jello")), codes.OK, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := c.CreateUploadLocation(t.Context(), tc.req)
			wantCode(t, err, tc.want)
			if text := status.Convert(err).Message(); !strings.Contains(text, tc.text) {
				t.Errorf("message %q does not say %q", text, tc.text)
			}
		})
	}
}

func TestUploadInputsHashesAndStores(t *testing.T) {
	t.Parallel()
	store, _, conn := withObjects(t, Config{})
	c := dataproxypb.NewDataProxyServiceClient(conn)
	spec := plainSpec()
	spec.TaskTemplate.Metadata = &corepb.TaskMetadata{CacheIgnoreInputVars: []string{"seed"}}
	deploy(t, conn, taskID("fn", "v1"), spec, cronTrigger("nightly", "@daily"))

	project := &dataproxypb.UploadInputsRequest_ProjectId{
		ProjectId: &commonpb.ProjectIdentifier{Organization: "acme", Name: "demo", Domain: "development"},
	}
	task := &dataproxypb.UploadInputsRequest_TaskId{TaskId: taskID("fn", "v1")}
	inputs := func(x, seed string) *taskpb.Inputs {
		return &taskpb.Inputs{Literals: []*taskpb.NamedLiteral{{Name: "x", Value: text64(x)}, {Name: "seed", Value: text64(seed)}}}
	}
	upload := func(t *testing.T, in *taskpb.Inputs) *commonpb.OffloadedInputData {
		t.Helper()
		got, err := c.UploadInputs(t.Context(), &dataproxypb.UploadInputsRequest{Id: project, Task: task, Inputs: in})
		wantCode(t, err, codes.OK)
		return got.GetOffloadedInputData()
	}

	for name, tc := range map[string]struct {
		req  *dataproxypb.UploadInputsRequest
		want codes.Code
	}{
		"no id":   {&dataproxypb.UploadInputsRequest{Task: task}, codes.InvalidArgument},
		"no task": {&dataproxypb.UploadInputsRequest{Id: project}, codes.InvalidArgument},
		"unknown task": {&dataproxypb.UploadInputsRequest{
			Id: project, Task: &dataproxypb.UploadInputsRequest_TaskId{TaskId: taskID("ghost", "v1")},
		}, codes.NotFound},
		"unknown trigger": {&dataproxypb.UploadInputsRequest{
			Id: project, Task: &dataproxypb.UploadInputsRequest_TriggerName{TriggerName: &commonpb.TriggerName{Name: "ghost"}},
		}, codes.NotFound},
		"trigger": {&dataproxypb.UploadInputsRequest{
			Id: project, Task: &dataproxypb.UploadInputsRequest_TriggerName{TriggerName: &commonpb.TriggerName{
				Project: "demo", Domain: "development", TaskName: "fn", Name: "nightly",
			}},
		}, codes.OK},
		"run and inline task": {&dataproxypb.UploadInputsRequest{
			Id:   &dataproxypb.UploadInputsRequest_RunId{RunId: &commonpb.RunIdentifier{Project: "demo", Domain: "development", Name: "r"}},
			Task: &dataproxypb.UploadInputsRequest_TaskSpec{TaskSpec: plainSpec()},
		}, codes.OK},
		"unknown project": {&dataproxypb.UploadInputsRequest{
			Id: &dataproxypb.UploadInputsRequest_RunId{RunId: &commonpb.RunIdentifier{Project: "ghost"}}, Task: task,
		}, codes.NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := c.UploadInputs(t.Context(), tc.req)
			wantCode(t, err, tc.want)
		})
	}

	t.Run("hash and address", func(t *testing.T) {
		t.Parallel()
		first, again := upload(t, inputs("1", "a")), upload(t, inputs("1", "a"))
		if !proto.Equal(first, again) {
			t.Errorf("the same inputs gave %v and %v", first, again)
		}
		raw, err := base64.RawURLEncoding.DecodeString(first.GetInputsHash())
		if err != nil || len(raw) != 8 {
			t.Errorf("hash %q is not 64 bits in unpadded URL-safe base64: %v", first.GetInputsHash(), err)
		}
		if want := "s3://bucket/uploads/acme/demo/development/offloaded-inputs/" + first.GetInputsHash(); first.GetUri() != want {
			t.Errorf("uri %q, want %q", first.GetUri(), want)
		}
		if got := upload(t, inputs("2", "a")).GetInputsHash(); got == first.GetInputsHash() {
			t.Error("another input gave the same hash")
		}
		if got := upload(t, inputs("1", "b")).GetInputsHash(); got != first.GetInputsHash() {
			t.Error("an input that the cache ignores changed the hash")
		}
	})

	t.Run("everything is stored", func(t *testing.T) {
		t.Parallel()
		in := inputs("3", "c")
		key, _ := store.Key(upload(t, in).GetUri())
		raw, ok := store.Get(key + "/inputs.pb")
		got := &taskpb.Inputs{}
		if err := proto.Unmarshal(raw, got); err != nil || !ok || !proto.Equal(in, got) {
			t.Errorf("stored %v (%v, %v), want %v", got, ok, err, in)
		}
	})

	t.Run("the hash is FNV-1a", func(t *testing.T) {
		t.Parallel()
		for wire, in := range map[string]*taskpb.Inputs{
			"":                  nil,
			"\x0a\x03\x0a\x01a": {Literals: []*taskpb.NamedLiteral{{Name: "a"}}},
		} {
			sum := uint64(14695981039346656037)
			for _, b := range []byte(wire) {
				sum = (sum ^ uint64(b)) * 1099511628211
			}
			hash, err := hashInputs(in, nil)
			wantCode(t, err, codes.OK)
			if want := base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, sum)); hash != want {
				t.Errorf("hash of %q is %q, want %q", wire, hash, want)
			}
		}
	})
}

func text64(s string) *corepb.Literal {
	return &corepb.Literal{Value: &corepb.Literal_Scalar{Scalar: &corepb.Scalar{Value: &corepb.Scalar_Primitive{
		Primitive: &corepb.Primitive{Value: &corepb.Primitive_StringValue{StringValue: s}},
	}}}}
}

func TestUploadsWithoutAStoreAreUnavailable(t *testing.T) {
	t.Parallel()
	_, conn := dial(t, Config{})
	c := dataproxypb.NewDataProxyServiceClient(conn)
	_, err := c.CreateUploadLocation(t.Context(), &dataproxypb.CreateUploadLocationRequest{
		Project: "demo", Domain: "development", FilenameRoot: "r", Filename: "f",
	})
	wantCode(t, err, codes.Unavailable)
	_, err = c.UploadInputs(t.Context(), &dataproxypb.UploadInputsRequest{
		Id:   &dataproxypb.UploadInputsRequest_ProjectId{ProjectId: &commonpb.ProjectIdentifier{Name: "demo"}},
		Task: &dataproxypb.UploadInputsRequest_TaskSpec{TaskSpec: plainSpec()},
	})
	wantCode(t, err, codes.Unavailable)
}

func TestSignedURLsExpireByTheBackendsClock(t *testing.T) {
	t.Parallel()
	now := clock()()
	var late atomic.Int64
	_, hc, conn := withObjects(t, Config{Now: func() time.Time { return now.Add(time.Duration(late.Load())) }})
	got, err := dataproxypb.NewDataProxyServiceClient(conn).CreateUploadLocation(t.Context(), &dataproxypb.CreateUploadLocationRequest{
		Project: "demo", Domain: "development", FilenameRoot: "r", Filename: "f",
		ContentMd5: digest("x"), ExpiresIn: durationpb.New(time.Minute),
	})
	wantCode(t, err, codes.OK)
	late.Store(int64(time.Minute + time.Second))
	if code := put(t, hc, got.GetSignedUrl(), "x", got.GetHeaders()); code != http.StatusForbidden {
		t.Errorf("a second late: %d, want 403", code)
	}
	late.Store(int64(59 * time.Second))
	if code := put(t, hc, got.GetSignedUrl(), "x", got.GetHeaders()); code != http.StatusOK {
		t.Errorf("a second early: %d, want 200", code)
	}
}
