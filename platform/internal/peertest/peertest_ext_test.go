package peertest_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	"github.com/jetway-go/jetway/interceptors/serverauth"
	"github.com/jetway-go/jetway/platform/internal/peertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestCallsAreCheckedAndRecorded(t *testing.T) {
	t.Parallel()
	verifier := serverauth.VerifierFunc(func(_ context.Context, p serverauth.Presented) (serverauth.Identity, error) {
		if p.Token != "good" {
			return serverauth.Identity{}, errors.New("no")
		}
		return serverauth.Identity{Subject: "ada"}, nil
	})
	for name, c := range map[string]peertest.Config{"memory": {Verifier: verifier, Memory: true}, "TCP": {Verifier: verifier}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := peertest.New(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			conn, err := grpc.NewClient(p.Endpoint(), p.DialOption(), grpc.WithTransportCredentials(insecure.NewCredentials()))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			call := func(values ...string) codes.Code {
				ctx := t.Context()
				for _, v := range values {
					ctx = metadata.AppendToOutgoingContext(ctx, "authorization", v)
				}
				_, err := projectpb.NewProjectServiceClient(conn).ListProjects(ctx, &projectpb.ListProjectsRequest{})
				return status.Code(err)
			}
			if got := []codes.Code{call(), call("Bearer bad"), call("Bearer good")}; got[0] != codes.Unauthenticated || got[1] != codes.Unauthenticated || got[2] != codes.OK {
				t.Errorf("codes %v", got)
			}
			calls := p.Calls()
			if len(calls) != 3 || calls[0].Values != 0 || calls[1].Scheme != "Bearer" || calls[1].Subject != "" ||
				calls[2].Subject != "ada" || calls[2].TokenID != peertest.TokenID("good") {
				t.Errorf("calls %+v", calls)
			}
		})
	}
	if _, err := peertest.New(t.Context(), peertest.Config{}); err == nil {
		t.Error("a peer without a verifier was made")
	}
}

func TestHTTPClientConnectsToItsHostsOnly(t *testing.T) {
	t.Parallel()
	hc := peertest.HTTPClient(map[string]http.Handler{"a": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })})
	get := func(ctx context.Context, url string) (int, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := hc.Do(r)
		if err != nil {
			return 0, err
		}
		return resp.StatusCode, resp.Body.Close()
	}
	if code, err := get(t.Context(), "http://a/"); code != http.StatusTeapot || err != nil {
		t.Errorf("%d, %v", code, err)
	}
	if _, err := get(t.Context(), "http://b/"); err == nil {
		t.Error("b has answered")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := get(ctx, "http://a/"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want Canceled", err)
	}
}
