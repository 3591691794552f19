package tokenreviewtest_test

import (
	"context"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/jetway-go/jetway/platform/kubeflow/tokenreviewtest"
)

// called makes a call with this metadata.
func called(t *testing.T, c *tokenreviewtest.Cluster, pairs ...string) error {
	t.Helper()
	l := bufconn.Listen(1 << 16)
	s := grpc.NewServer(c.ServerOptions()...)
	healthpb.RegisterHealthServer(s, health.NewServer())
	go s.Serve(l) //nolint:errcheck // ends with Stop
	defer s.Stop()
	cc, err := grpc.NewClient("passthrough:///buf", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	defer cc.Close()
	_, err = healthpb.NewHealthClient(cc).Check(metadata.AppendToOutgoingContext(t.Context(), pairs...), &healthpb.HealthCheckRequest{})
	return err
}

func TestCallersAreCheckedAsKubeflowDoes(t *testing.T) {
	t.Parallel()
	c := tokenreviewtest.NewCluster()
	good, expired, other := c.IssueToken("sa", 0), c.IssueToken("sa", 0), c.IssueToken("sa", 0, "https://kubernetes.default.svc")
	c.ExpireToken(expired)
	for name, tt := range map[string]struct {
		pairs []string
		want  codes.Code
		text  string
	}{
		"good":            {[]string{"authorization", "Bearer " + good}, codes.OK, ""},
		"user header":     {[]string{"kubeflow-userid", "ana"}, codes.OK, ""},
		"nothing":         {nil, codes.Unauthenticated, ""},
		"lower case":      {[]string{"authorization", "bearer " + good}, codes.Unauthenticated, "no user identity header"},
		"two blanks":      {[]string{"authorization", "Bearer  " + good}, codes.Unauthenticated, "Failed to check authorization"},
		"no scheme":       {[]string{"authorization", good}, codes.Unauthenticated, "no user identity header"},
		"two values":      {[]string{"authorization", "Bearer " + good, "authorization", "Bearer " + good}, codes.Unauthenticated, ""},
		"two users":       {[]string{"kubeflow-userid", "ana", "kubeflow-userid", "bo"}, codes.Unauthenticated, ""},
		"expired":         {[]string{"authorization", "Bearer " + expired}, codes.Unauthenticated, "service account token has expired"},
		"unknown":         {[]string{"authorization", "Bearer x"}, codes.Unauthenticated, "User identity is empty in the request header"},
		"another purpose": {[]string{"authorization", "Bearer " + other}, codes.Unauthenticated, "audiences"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := called(t, c, tt.pairs...)
			if status.Code(err) != tt.want || err != nil && !strings.Contains(err.Error(), tt.text) {
				t.Errorf("%v, want %v with %q", err, tt.want, tt.text)
			}
		})
	}
}

func TestTokensExpire(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := tokenreviewtest.NewCluster()
		token := c.IssueToken("sa", 2*time.Hour)
		if err := called(t, c, "authorization", "Bearer "+token); err != nil {
			t.Error(err)
		}
		time.Sleep(2 * time.Hour)
		if err := called(t, c, "authorization", "Bearer "+token); status.Code(err) != codes.Unauthenticated {
			t.Error(err)
		}
		if c.Reviews() != 2 {
			t.Errorf("%d reviews", c.Reviews())
		}
	})
}

func TestTokenReviewOverHTTP(t *testing.T) {
	t.Parallel()
	c := tokenreviewtest.NewCluster()
	good := c.IssueToken("system:serviceaccount:a:b", 0)
	ask := func(method, path, contentType, body string) (int, string) {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		w := httptest.NewRecorder()
		c.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	review := func(token, audience string) string {
		return `{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{"token":"` + token + `","audiences":["` + audience + `"]}}`
	}
	for name, tt := range map[string]struct {
		method, path, contentType, body string
		want                            int
		text                            string
	}{
		"good":            {"POST", tokenreviewtest.Path, "application/json", review(good, tokenreviewtest.Audience), 201, `"username":"system:serviceaccount:a:b"`},
		"another purpose": {"POST", tokenreviewtest.Path, "application/json", review(good, "x"), 201, `"error":"token audiences do not match"`},
		"unknown":         {"POST", tokenreviewtest.Path, "application/json", review("x", tokenreviewtest.Audience), 201, `"error":"invalid bearer token"`},
		"with a scheme":   {"POST", tokenreviewtest.Path, "application/json", review("Bearer "+good, tokenreviewtest.Audience), 400, ""},
		"no token":        {"POST", tokenreviewtest.Path, "application/json", review("", tokenreviewtest.Audience), 400, ""},
		"another kind":    {"POST", tokenreviewtest.Path, "application/json", `{"kind":"Pod"}`, 400, ""},
		"a form":          {"POST", tokenreviewtest.Path, "application/x-www-form-urlencoded", "a=b", 415, ""},
		"read":            {"GET", tokenreviewtest.Path, "application/json", "", 405, ""},
		"elsewhere":       {"POST", "/apis", "application/json", "", 404, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if code, body := ask(tt.method, tt.path, tt.contentType, tt.body); code != tt.want || !strings.Contains(body, tt.text) {
				t.Errorf("%d %s, want %d with %s", code, body, tt.want, tt.text)
			}
		})
	}
}
