package clientset_test

import (
	"crypto/tls"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/mockserver"
)

// connectionSituations are errors of the address, of TLS, and of what is on the way to the backend.
func connectionSituations() map[string]situation {
	return map[string]situation{
		"credentials are not sent without TLS": calling(func(*testing.T) (*clientset.ClientSet, error) {
			return clientset.ForEndpoint("http://flyte.example.com", clientset.WithFlow(flow.StaticToken("t")))
		}),
		"has a path in it": calling(func(*testing.T) (*clientset.ClientSet, error) {
			return clientset.ForEndpoint("https://flyte.example.com/console")
		}),
		"API key: ": calling(func(*testing.T) (*clientset.ClientSet, error) { return clientset.ForAPIKey("YTpi") }),
		"API key: is ambiguous": calling(func(*testing.T) (*clientset.ClientSet, error) {
			return clientset.ForAPIKey("aG9zdDo0NDAxNzpjbGllbnQ6c2VjcmV0") // host:44017:client:secret
		}),
		"CA file": calling(func(*testing.T) (*clientset.ClientSet, error) {
			return clientset.ForEndpoint("flyte.example.com", clientset.WithCAFile("/nowhere/ca.pem"))
		}),
		"is the backend running at this address and port?": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			return clientset.ForEndpoint("http://"+closedPort(t), clientset.WithoutAuth(), clientset.WithoutRetry())
		}),
		"produced zero addresses": calling(func(*testing.T) (*clientset.ClientSet, error) {
			empty := manual.NewBuilderWithScheme("unknown")
			empty.InitialState(resolver.State{})
			return clientset.ForEndpoint("unknown:///flyte.example.com", clientset.WithResolvers(empty), clientset.WithoutAuth(),
				clientset.WithoutRetry())
		}),
		"first record does not look like a TLS handshake": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			return clientset.ForEndpoint(quiet(t).Endpoint(), clientset.WithoutAuth(), clientset.WithoutRetry())
		}),
		"error reading server preface": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			return at(quiet(t, mockserver.WithTLS()), clientset.WithoutAuth(), clientset.WithoutRetry())
		}),
		"a web server answers there": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			return clientset.ForEndpoint(quiet(t).HTTPURL(), clientset.WithoutAuth())
		}),
		"missing selected ALPN property": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			return clientset.ForEndpoint(webOverTLS(t), clientset.WithInsecureSkipVerify(), clientset.WithoutAuth())
		}),
		"a web page answered": calling(webPage),
		"has no address":      calling(func(*testing.T) (*clientset.ClientSet, error) { return unresolved() }),
		"has no network":      calling(func(*testing.T) (*clientset.ClientSet, error) { return disconnected() }),
		"goes through the proxy": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			return clientset.ForEndpoint("flyte.example.com", clientset.WithProxyURL("http://"+closedPort(t)), clientset.WithoutAuth(),
				clientset.WithoutRetry())
		}),
		"wants a certificate of this client": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			l, ca := secure(t, demandingCertificate)
			return clientset.ForEndpoint(l.Addr().String(), clientset.WithCAFile(ca), clientset.WithServerName("localhost"), clientset.WithoutAuth())
		}),
		"does not accept the certificate of this client": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			l, ca := secure(t, demandingCertificate)
			return clientset.ForEndpoint(l.Addr().String(), clientset.WithCAFile(ca), clientset.WithServerName("localhost"), clientset.WithoutAuth(),
				clientPair(t))
		}),
		"doesn't contain any IP SANs": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			l, ca := secure(t, func(*tls.Config, authority) {})
			return clientset.ForEndpoint(l.Addr().String(), clientset.WithCAFile(ca), clientset.WithoutAuth())
		}),
		"certificate signed by unknown authority": overTLS(func(*testing.T, *mockserver.Server) []clientset.Option { return nil }),
		"certificate is valid for": overTLS(func(t *testing.T, s *mockserver.Server) []clientset.Option {
			return []clientset.Option{clientset.WithCAFile(authorityFile(t, s)), clientset.WithServerName("other")}
		}),
		"certificate has expired or is not yet valid": overTLS(func(t *testing.T, s *mockserver.Server) []clientset.Option {
			later := func() time.Time { return time.Now().AddDate(100, 0, 0) }
			return []clientset.Option{
				clientset.WithCAFile(authorityFile(t, s)), clientset.WithTLSConfig(&tls.Config{Time: later, MinVersion: tls.VersionTLS12}),
			}
		}),
		"client set closed": calling(func(t *testing.T) (*clientset.ClientSet, error) {
			cs, err := at(quiet(t))
			_ = cs.Close()
			return cs, err
		}),
		"the attempt before that ended with": hurried("the attempt before", func(t *testing.T) (*clientset.ClientSet, error) {
			s := quiet(t)
			s.Script().FailNext(listProjects, 1000, codes.Unavailable, "overloaded")
			return at(s, machine(s, secretOf(s)), clientset.WithRetries(1000))
		}),
	}
}

// overTLS calls a server with TLS by a client with these options.
func overTLS(opts func(*testing.T, *mockserver.Server) []clientset.Option) situation {
	return calling(func(t *testing.T) (*clientset.ClientSet, error) {
		s := quiet(t, mockserver.WithTLS())
		return clientset.ForEndpoint(s.Endpoint(), append(opts(t, s), clientset.WithFlow(flow.StaticToken("t")), clientset.WithoutRetry())...)
	})
}
