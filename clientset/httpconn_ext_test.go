package clientset_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/interceptors"
	"github.com/jetway-go/jetway/interceptors/httprule"
	"github.com/jetway-go/jetway/internal/kfppb"
)

// listOver calls a method by its rule.
func listOver(ctx context.Context, cs *clientset.ClientSet, opts ...grpc.CallOption) error {
	_, err := kfppb.NewRunServiceClient(cs.HTTPConn()).ListRuns(ctx, &kfppb.ListRunsRequest{Namespace: "team"}, opts...)
	return err
}

func TestACallByHTTPRuleIsSentAsOneByGRPC(t *testing.T) {
	t.Parallel()
	var seen *http.Request
	s := api(t, func(w http.ResponseWriter, r *http.Request) {
		seen = r
		w.Header().Set("Grpc-Metadata-Served-By", "b")
		_, _ = io.WriteString(w, `{"runs":[{"run_id":"r1","state":"RUNNING","new_field":1}],"total_size":1}`)
	})
	cs := webClient(t, s.URL+"/pipeline/", clientset.WithRequestMetadata(metadata.Pairs("x-team", "a", "x-way", "set")),
		clientset.WithRequestMetadataFunc(func(context.Context) metadata.MD { return metadata.Pairs("x-made", "b") }))
	ctx := metadata.AppendToOutgoingContext(t.Context(), "x-way", "own")
	var header metadata.MD
	got, err := kfppb.NewRunServiceClient(cs.HTTPConn()).ListRuns(ctx, &kfppb.ListRunsRequest{Namespace: "team"}, grpc.Header(&header))
	if err != nil {
		t.Fatal(err)
	}
	if len(got.GetRuns()) != 1 || got.GetRuns()[0].GetState() != kfppb.RuntimeState_RUNNING || header["served-by"][0] != "b" {
		t.Errorf("%v, with %v", got, header)
	}
	if seen.RequestURI != "/pipeline/apis/v2beta1/runs?namespace=team" {
		t.Errorf("sent %s", seen.RequestURI)
	}
	for name, want := range map[string]string{
		"Authorization": "Bearer " + canaryToken, "User-Agent": "jetway/" + clientset.Version, "Accept": "application/json",
		"Grpc-Metadata-X-Team": "a", "Grpc-Metadata-X-Made": "b", "Grpc-Metadata-X-Way": "own",
	} {
		if values := seen.Header[name]; len(values) != 1 || values[0] != want {
			t.Errorf("%s: %q, want %q", name, values, want)
		}
	}
	if id := seen.Header["X-Request-Id"]; len(id) != 1 || len(id[0]) != 36 || len(seen.Header["Grpc-Metadata-X-Request-Id"]) > 0 {
		t.Errorf("the request ids are %q", id)
	}
	strict := kfppb.NewRunServiceClient(cs.HTTPConn(httprule.WithStrict()))
	if _, err := strict.ListRuns(ctx, &kfppb.ListRunsRequest{}); status.Code(err) != codes.Unknown || !strings.Contains(err.Error(), "new_field") {
		t.Errorf("%v, want an error about the new field: the options count", err)
	}
}

func TestTheErrorOfACallByHTTPRuleIsThatOfGRPCWithAdvice(t *testing.T) {
	t.Parallel()
	var sent string
	s := api(t, func(w http.ResponseWriter, r *http.Request) {
		sent = r.Header.Get("X-Request-ID")
		switch r.URL.Path {
		case "/denied/apis/v2beta1/runs":
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"code":7,"message":"RBAC","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SAR"}]}`)
		case "/unserved/apis/v2beta1/runs":
			w.WriteHeader(http.StatusNotImplemented)
			_, _ = io.WriteString(w, `{"code":12,"message":"Method Not Allowed"}`)
		default:
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{}`)
		}
	})
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	closed := webClient(t, s.URL)
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	grpcOnly := made(t)(clientset.ForEndpoint("flyte.example.com", clientset.WithoutStore()))
	for name, tt := range map[string]struct {
		cs   *clientset.ClientSet
		code codes.Code
		is   error
		says string
	}{
		"no HTTP base":     {grpcOnly, codes.FailedPrecondition, clientset.ErrNoHTTP, "WithHTTPBase"},
		"ForConn":          {clientset.ForConn(nil), codes.FailedPrecondition, nil, "ForConn"},
		"closed":           {closed, codes.Unavailable, clientset.ErrClosed, "closed"},
		"without TLS":      {webClient(t, "http://hub.test"), codes.FailedPrecondition, clientset.ErrPlaintext, "WithPlaintextCredentials"},
		"refused":          {webClient(t, "http://"+closedPort(t), clientset.WithoutRetry()), codes.Unavailable, nil, "is the backend running"},
		"unknown CA":       {webClient(t, secure.URL), codes.FailedPrecondition, nil, "WithCAFile"},
		"no TLS there":     {webClient(t, strings.Replace(s.URL, "http:", "https:", 1), clientset.WithoutRetry()), codes.Unavailable, nil, "write http://"},
		"denied":           {webClient(t, s.URL+"/denied"), codes.PermissionDenied, nil, "RBAC"},
		"not served":       {webClient(t, s.URL+"/unserved"), codes.Unimplemented, nil, "the backend does not serve"},
		"rejected":         {webClient(t, s.URL), codes.Unauthenticated, auth.ErrRejected, "answered 401"},
		"no login to have": {webClient(t, s.URL, clientset.WithFlow(nil)), codes.Unauthenticated, auth.ErrInteractionRequired, "flow.Auto"},
	} {
		var finished []error
		err := listOver(soon(t), tt.cs, grpc.OnFinish(func(err error) { finished = append(finished, err) }))
		if status.Code(err) != tt.code || tt.is != nil && !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v (%v), want %v that says %q", name, err, status.Code(err), tt.code, tt.says)
		}
		if len(finished) != 1 || finished[0] == nil {
			t.Errorf("%s: OnFinish got %v", name, finished)
		}
		if _, own := errors.AsType[*clientset.Error](err); !own && interceptors.RequestID(err) == "" {
			t.Errorf("%s: no request id", name)
		}
		if strings.Contains(err.Error(), canaryToken) {
			t.Errorf("%s: the token shows", name)
		}
		if name == "denied" {
			details := status.Convert(err).Details()
			if info, ok := details[0].(*errdetails.ErrorInfo); !ok || info.GetReason() != "SAR" {
				t.Errorf("details %v", details)
			}
			if interceptors.RequestID(err) != sent {
				t.Errorf("the request id is %q, sent was %q", interceptors.RequestID(err), sent)
			}
		}
		_, stream := tt.cs.HTTPConn().NewStream(t.Context(), &grpc.StreamDesc{}, "/kubeflow.pipelines.backend.api.v2beta1.RunService/Watch",
			grpc.OnFinish(func(err error) { finished = append(finished, err) }))
		if stream == nil || len(finished) != 2 {
			t.Errorf("%s: a stream is begun; finished %v", name, finished)
		}
	}
}

func TestRejectedCallsByHTTPRuleHaveOneLogin(t *testing.T) {
	t.Parallel()
	var logins, sent atomic.Int64
	s := api(t, func(w http.ResponseWriter, r *http.Request) {
		sent.Add(1)
		if r.Header.Get("Authorization") != "Bearer second" {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, "{}")
			return
		}
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write(body)
	})
	next := flow.Func{Name: "tokens", Login: func(context.Context, auth.Env, *auth.Credentials) (*auth.Credentials, error) {
		if logins.Add(1) == 1 {
			return &auth.Credentials{AccessToken: "first"}, nil
		}
		return &auth.Credentials{AccessToken: "second"}, nil
	}}
	cs := webClient(t, s.URL, clientset.WithFlow(next))
	stub := kfppb.NewRunServiceClient(cs.HTTPConn())
	for _, err := range atOnce(200, func() error {
		run, err := stub.CreateRun(soon(t), &kfppb.CreateRunRequest{Run: &kfppb.Run{DisplayName: "nightly"}})
		if err == nil && run.GetDisplayName() != "nightly" {
			err = errors.New("the second attempt had another body")
		}
		return err
	}) {
		if err != nil {
			t.Error(err)
		}
	}
	if logins.Load() != 2 || sent.Load() > 400 {
		t.Errorf("%d logins and %d requests", logins.Load(), sent.Load())
	}
}

func TestACallByHTTPRuleCanHaveCredentialsOfItsOwn(t *testing.T) {
	t.Parallel()
	var seen http.Header
	s := api(t, func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header
		_, _ = io.WriteString(w, "{}")
	})
	cs := webClient(t, s.URL)
	for name, tt := range map[string]struct {
		own                   metadata.MD
		authorization, cookie []string
	}{
		"a token":  {metadata.Pairs("authorization", "Bearer own"), []string{"Bearer own"}, nil},
		"a cookie": {metadata.Pairs("cookie", "s=own"), nil, []string{"s=own"}},
		"none":     {metadata.MD{}, nil, nil},
	} {
		if err := listOver(interceptors.WithCallCredentials(t.Context(), tt.own), cs); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(seen["Authorization"], tt.authorization) || !slices.Equal(seen["Cookie"], tt.cookie) {
			t.Errorf("%s: sent %q and %q", name, seen["Authorization"], seen["Cookie"])
		}
	}
	far := webClient(t, "http://hub.test", clientset.WithoutRetry())
	err := listOver(interceptors.WithCallCredentials(t.Context(), metadata.Pairs("cookie", "s=own")), far)
	if !errors.Is(err, clientset.ErrPlaintext) {
		t.Errorf("%v, want ErrPlaintext", err)
	}
}

func TestOfCallsByHTTPRuleReadsAreRepeated(t *testing.T) {
	t.Parallel()
	var sent atomic.Int64
	s := api(t, func(w http.ResponseWriter, _ *http.Request) {
		if sent.Add(1) == 1 {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, "{}")
	})
	cs := webClient(t, s.URL)
	if err := listOver(soon(t), cs); err != nil || sent.Load() != 2 {
		t.Errorf("%v after %d requests, want 2", err, sent.Load())
	}
	sent.Store(0)
	_, err := kfppb.NewRunServiceClient(cs.HTTPConn()).TerminateRun(soon(t), &kfppb.TerminateRunRequest{RunId: "r"})
	if status.Code(err) != codes.Unavailable || sent.Load() != 1 {
		t.Errorf("%v after %d requests, want 1", err, sent.Load())
	}
}

func TestCloseEndsACallByHTTPRule(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{}, 2)
	s := api(t, func(_ http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-r.Context().Done()
	})
	cs := webClient(t, s.URL)
	ended := make(chan error, 1)
	go func() { ended <- listOver(soon(t), cs) }()
	<-arrived
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := cs.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Shutdown: %v, want that it waited for the call", err)
	}
	err := <-ended
	if _, own := err.(*clientset.Error); !own || !errors.Is(err, clientset.ErrClosed) || status.Code(err) != codes.Unavailable { //nolint:errorlint // nothing around it
		t.Errorf("%v, want ErrClosed", err)
	}
}
