package doctor_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/auth/tokenstore"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/doctor"
	"github.com/jetway-go/jetway/internal/secrettest"
)

const (
	canaryToken    = "canary-access-token-1"
	canaryRefresh  = "canary-refresh-token-2"
	canarySecret   = "canary-client-secret-3"
	canaryPassword = "canary-proxy-password-4"
	canaryKey      = "canary-api-key-5"
	canaryQuery    = "canary-query-6"
)

// repeating answers with all that it was sent: as a page, in its headers, and in a redirect.
func repeating(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		sent, _ := httputil.DumpRequest(r, true)
		w.Header().Set("Server", r.Header.Get("Authorization")+r.Header.Get("Proxy-Authorization"))
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Location", "https://login.example.com/login/"+r.Header.Get("Authorization")+"?state="+canaryQuery)
		w.WriteHeader(code)
		_, _ = w.Write(sent)
	}
}

// Servers that repeat what they were sent, and errors on the way, show none of it.
func TestReportsShowNoSecret(t *testing.T) {
	t.Parallel()
	proxied := func(t *testing.T, code int) string {
		t.Helper()
		return "http://ada:" + canaryPassword + "@" + webServer(t, false, repeating(code))
	}
	static := clientset.WithFlow(flow.StaticToken(canaryToken))
	robot := clientset.WithFlow(flow.ClientCredentials{ClientID: "robot", Secret: flow.SecretValue(canarySecret)})
	for name, target := range map[string]func(t *testing.T) doctor.Target{
		"a proxy that wants a login": func(t *testing.T) doctor.Target {
			return at("flyte.example.com", clientset.WithProxyURL(proxied(t, http.StatusProxyAuthRequired)))
		},
		"a proxy that refuses": func(t *testing.T) doctor.Target {
			return at("flyte.example.com", clientset.WithProxyURL(proxied(t, http.StatusBadGateway)))
		},
		"a proxy that is no URL": func(*testing.T) doctor.Target {
			return at("flyte.example.com", clientset.WithProxyURL("http://ada:"+canaryPassword+"@%zz"))
		},
		"an API key that is none": func(*testing.T) doctor.Target { return doctor.APIKey(canaryKey) },
		"a page": func(t *testing.T) doctor.Target {
			return at("http://"+webServer(t, true, repeating(http.StatusOK)), clientset.WithoutStore())
		},
		"an HTTP API": func(t *testing.T) doctor.Target {
			return web(repeating(http.StatusUnauthorized), static)(t).target
		},
		"a redirect": func(t *testing.T) doctor.Target { return web(repeating(http.StatusFound), static)(t).target },
		"a token endpoint": func(t *testing.T) doctor.Target {
			return doctor.Endpoint("http://"+mock(t).Endpoint(), robot, clientset.WithClientConfig(configstore.ClientConfig{
				TokenEndpoint: "http://" + webServer(t, false, repeating(http.StatusBadRequest)) + "/token?key=" + canaryQuery,
			}))
		},
		"a token endpoint that is not there": func(t *testing.T) doctor.Target {
			return doctor.Endpoint("http://"+mock(t).Endpoint(), robot, clientset.WithClientConfig(configstore.ClientConfig{
				TokenEndpoint: "http://" + closedPort(t) + "/token?key=" + canaryQuery,
			}))
		},
		"a stored login": func(t *testing.T) doctor.Target {
			s, store := mock(t), &tokenstore.MemoryStore{}
			login := &auth.Credentials{AccessToken: canaryToken, RefreshToken: canaryRefresh, Expiry: time.Now().Add(time.Hour)}
			if err := store.Store(t.Context(), keyed(s.Endpoint()), login); err != nil {
				t.Fatal(err)
			}
			return doctor.Endpoint("http://"+s.Endpoint(), clientset.WithStore(store))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var sink secrettest.Sink
			report := doctor.Run(t.Context(), target(t), doctor.WithCall("Test/Repeat", func(ctx context.Context, conn grpc.ClientConnInterface) error {
				sent, _ := metadata.FromOutgoingContext(ctx)
				return errors.Join(status.Errorf(codes.Internal, "got %v and %s", sent, canaryToken), listing(ctx, conn))
			}))
			sink.Dump(report)
			sink.Dump(report.Err())
			text, err := json.Marshal(report)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.WriteString(&sink, string(text)+fmt.Sprintf("%+v %#v", report, report))
			for _, s := range report.Steps {
				_, _ = io.WriteString(&sink, s.Name+"="+string(s.State)+"\n")
			}
			sink.Heard(t, "http=", "settings=")
			sink.Hides(t, canaryToken, canaryRefresh, canarySecret, canaryPassword, canaryKey, canaryQuery)
		})
	}
}

func listing(ctx context.Context, conn grpc.ClientConnInterface) error {
	return conn.Invoke(ctx, "/flyteidl2.project.ProjectService/ListProjects", nil, nil)
}
