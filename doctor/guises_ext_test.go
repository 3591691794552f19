package doctor_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/doctor"
	"github.com/jetway-go/jetway/platform"
)

// overTLS is a web server over TLS, with this certificate.
func overTLS(t *testing.T, cert tls.Certificate, h http.HandlerFunc) string {
	t.Helper()
	l := tls.NewListener(listening(t), with(cert))
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)} // of failed handshakes
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return l.Addr().String()
}

// The same problem in other guises has the same name.
func TestProblemsInOtherGuises(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		world         func(t *testing.T) fault
		step          string
		problem       doctor.Problem
		state         doctor.State
		seen, advised string
	}{
		"a web server without TLS": {func(t *testing.T) fault {
			return fault{target: at(webServer(t, false, answering(http.StatusOK, "")))}
		}, "tls", doctor.NoTLS, doctor.Failed, "", "http://"},
		"a web server with TLS": {func(t *testing.T) fault {
			return fault{target: at("http://" + overTLS(t, selfSigned(t), answering(http.StatusOK, "")))}
		}, "protocol", doctor.WantsTLS, doctor.Failed, "speaks TLS", "https://"},
		"an HTTP API with TLS": {func(t *testing.T) fault {
			return fault{target: at("", clientset.WithHTTPBase("http://"+overTLS(t, selfSigned(t), answering(http.StatusOK, ""))))}
		}, "protocol", doctor.WantsTLS, doctor.Failed, "speaks TLS", "https://"},
		"an HTTP API with HTTP/1.1 only": {func(t *testing.T) fault {
			a := newAuthority(t)
			return fault{target: at("", a.trust(), clientset.WithHTTPBase("https://"+overTLS(t, a.issue(t, nil), answering(http.StatusOK, ""))))}
		}, "tls", "", doctor.OK, "TLS 1.3", ""},
		"a proxy that is not there": {func(t *testing.T) fault {
			return fault{target: at("flyte.example.com", clientset.WithProxyURL("http://"+closedPort(t)))}
		}, "tcp", doctor.Refused, doctor.Failed, "", "goes through the proxy"},
		"an https proxy of an unknown authority": {func(t *testing.T) fault {
			return fault{target: at("flyte.example.com", clientset.WithProxyURL("https://"+overTLS(t, newAuthority(t).issue(t, nil), http.NotFound)))}
		}, "proxy", doctor.UnknownCA, doctor.Failed, "", "WithCAFile"},
		"a front door with a login": {inTheClear(http.StatusForbidden, ""), "protocol", doctor.FrontLogin, doctor.Warning, "403", "WithProxyFlow"},
		"an AuthMetadataService that is not routed": {func(t *testing.T) fault {
			address := webServer(t, true, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/grpc")
				w.Header().Set("Grpc-Status", "12")
				w.Header().Set("Grpc-Message", "no route")
			})
			return fault{target: doctor.Endpoint("http://"+address, clientset.WithStore(&tokenstore.MemoryStore{}))}
		}, "discovery", doctor.NoDiscovery, doctor.Failed, "", "the backend does not say where to log in"},
		"a flow that needs no discovery": {func(t *testing.T) fault {
			issuer := "http://" + webServer(t, false, http.NotFound)
			return fault{target: doctor.Endpoint("http://"+mock(t).Endpoint(), clientset.WithFlow(own{}),
				clientset.WithConfigStore(configstore.Discovery(issuer, nil)))}
		}, "discovery", doctor.NoDiscovery, doctor.Warning, "404", "may need none of this"},
		"a certificate that only a wrong clock refuses": {func(t *testing.T) fault {
			a, now := newAuthority(t), time.Now().Add(-24*time.Hour).UTC().Format(http.TimeFormat)
			cert := a.issue(t, func(c *x509.Certificate) {
				c.NotBefore, c.NotAfter = time.Now().Add(-48*time.Hour), time.Now().Add(-time.Hour)
			})
			return fault{target: at(overTLS(t, cert, answering(http.StatusOK, "", "Date", now)), a.trust())}
		}, "clock", doctor.WrongClock, doctor.Warning, "ahead of that of the backend", "set the clock"},
		"the settings of a platform": {func(t *testing.T) fault {
			s := mock(t)
			return fault{target: doctor.Resolver(platform.ResolverFunc(func(context.Context, *http.Client) (platform.Target, error) {
				return platform.Target{Endpoint: s.Endpoint(), Settings: platform.Settings{Endpoint: "SYSTEM_ADDRESS", Insecure: "SYSTEM_INSECURE"}}, nil
			}))}
		}, "tls", doctor.NoTLS, doctor.Failed, "", "write http:// in SYSTEM_ADDRESS or set SYSTEM_INSECURE"},
		"a resolver that fails": {func(*testing.T) fault {
			return fault{target: doctor.Resolver(platform.ResolverFunc(func(context.Context, *http.Client) (platform.Target, error) {
				return platform.Target{}, errors.New("SYSTEM_ADDRESS is not set")
			}))}
		}, "settings", doctor.BadSettings, doctor.Failed, "SYSTEM_ADDRESS is not set", ""},
		"no target": {func(*testing.T) fault { return fault{} }, "settings", doctor.BadSettings, doctor.Failed, "", "Endpoint, APIKey or Resolver"},
		"the default store without a keyring": {func(t *testing.T) fault {
			return fault{target: doctor.Endpoint("http://" + mock(t).Endpoint())}
		}, "store", "", doctor.OK, "can be used", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := tt.world(t)
			report := doctor.Run(t.Context(), f.target, f.opts...)
			got := stepOf(t, report, tt.step)
			if got.Problem != tt.problem || got.State != tt.state || !strings.Contains(got.Seen, tt.seen) || !strings.Contains(got.Advice, tt.advised) {
				t.Errorf("%v\nin\n%v", got, report)
			}
		})
	}
}

// own is a flow of a program's own.
type own struct{}

func (own) Obtain(context.Context, auth.Env, *auth.Credentials) (*auth.Credentials, error) {
	return &auth.Credentials{AccessToken: "own-token"}, nil
}

func TestErrorOfAReportIsTheFirstFailureAndAStatus(t *testing.T) {
	t.Parallel()
	steps := []doctor.Step{
		{Name: "settings", State: doctor.Warning, Problem: doctor.NotSent},
		{Name: "call", State: doctor.Failed, Problem: doctor.LoginNeeded, Seen: "no login", Advice: "log in"},
		{Name: "http", State: doctor.Failed, Problem: doctor.Denied},
	}
	err := doctor.Report{Steps: steps}.Err()
	if failed, ok := errors.AsType[*doctor.Error](err); !ok || failed.Step != steps[1] || err.Error() != "doctor: call: no login; log in" {
		t.Errorf("%v", err)
	}
	for problem, want := range map[doctor.Problem]codes.Code{
		doctor.LoginNeeded: codes.Unauthenticated, doctor.Timeout: codes.DeadlineExceeded, doctor.Denied: codes.PermissionDenied,
		doctor.UnknownCA: codes.FailedPrecondition,
	} {
		if got := status.Code(&doctor.Error{Step: doctor.Step{Problem: problem}}); got != want {
			t.Errorf("%s: %v, want %v", problem, got, want)
		}
	}
	if err := (doctor.Report{Steps: steps[:1]}).Err(); err != nil {
		t.Errorf("a warning is no error: %v", err)
	}
}
