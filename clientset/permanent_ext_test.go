package clientset_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/mockserver"
)

// counted counts the connections that a listener accepts.
type counted struct {
	net.Listener

	n atomic.Int64
}

func (l *counted) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil {
		l.n.Add(1)
	}
	return conn, err
}

// secure serves gRPC with this TLS configuration, and returns where, and the file of
// the authority that signs its certificate for localhost.
func secure(t *testing.T, change func(*tls.Config, authority)) (l *counted, ca string) {
	t.Helper()
	a := newAuthority(t)
	ca = filepath.Join(t.TempDir(), "ca.pem")
	a.write(t, ca)
	cfg := &tls.Config{Certificates: []tls.Certificate{a.issue(t, "localhost")}, MinVersion: tls.VersionTLS12}
	change(cfg, a)
	l = &counted{Listener: listening(t)}
	server := grpc.NewServer(grpc.Creds(credentials.NewTLS(cfg)))
	go func() { _ = server.Serve(l) }()
	t.Cleanup(server.Stop)
	return l, ca
}

func demandingCertificate(cfg *tls.Config, a authority) {
	cfg.ClientAuth, cfg.ClientCAs = tls.RequireAndVerifyClientCert, a.pool
}

// clientPair writes a client certificate by an authority of its own.
func clientPair(t *testing.T) clientset.Option {
	t.Helper()
	cert := newAuthority(t).issue(t, "client")
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	writePEM(t, certFile, "CERTIFICATE", cert.Certificate[0])
	writePEM(t, keyFile, "PRIVATE KEY", key)
	return clientset.WithClientCertificate(certFile, keyFile)
}

// A handshake that fails for good ends the call at once with FailedPrecondition: one
// connection is made, although the call may be repeated.
func TestPermanentHandshakeFailureIsNotRepeated(t *testing.T) {
	t.Parallel()
	same := func(*tls.Config, authority) {}
	local := clientset.WithServerName("localhost")
	for name, tc := range map[string]struct {
		server func(*tls.Config, authority)
		opts   func(ca string) []clientset.Option
		want   string
	}{
		"unknown authority": {same, func(string) []clientset.Option { return []clientset.Option{local} }, "name a PEM file with it in WithCAFile, or give WithCAPEM its certificate"},
		"an address without IP SAN": {same, func(ca string) []clientset.Option {
			return []clientset.Option{clientset.WithCAFile(ca)}
		}, "IP SANs\"; check the address; if it is right, WithServerName"},
		"another name": {same, func(ca string) []clientset.Option {
			return []clientset.Option{clientset.WithCAFile(ca), clientset.WithServerName("other")}
		}, "WithServerName"},
		"certificate required": {demandingCertificate, func(ca string) []clientset.Option {
			return []clientset.Option{clientset.WithCAFile(ca), local}
		}, "the backend wants a certificate of this client: WithClientCertificate, or WithClientCertificatePEM"},
		"certificate required, TLS 1.2": {func(cfg *tls.Config, a authority) {
			demandingCertificate(cfg, a)
			cfg.MaxVersion = tls.VersionTLS12
		}, func(ca string) []clientset.Option {
			return []clientset.Option{clientset.WithCAFile(ca), local}
		}, "the backend wants a certificate of this client: WithClientCertificate, or WithClientCertificatePEM"},
		"certificate of another authority": {demandingCertificate, func(ca string) []clientset.Option {
			return []clientset.Option{clientset.WithCAFile(ca), local, clientPair(t)}
		}, "the backend does not accept the certificate of this client"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, ca := secure(t, tc.server)
			cs := made(t)(clientset.ForEndpoint(l.Addr().String(), append(tc.opts(ca), clientset.WithoutAuth())...))
			err := list(t.Context(), cs)
			if status.Code(err) != codes.FailedPrecondition || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%v, want FailedPrecondition and %q", err, tc.want)
			}
			if n := l.n.Load(); n != 1 {
				t.Errorf("%d connections, want 1", n)
			}
		})
	}
}

// The authorization server's certificate counts like the backend's.
func TestLoginOverAnUntrustedCertificateIsFailedPrecondition(t *testing.T) {
	t.Parallel()
	idp := httptest.NewUnstartedServer(http.NotFoundHandler())
	idp.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	idp.StartTLS()
	t.Cleanup(idp.Close)
	s := quiet(t)
	cs := made(t)(at(s, machine(s, secretOf(s)), tokensAt(idp.URL)))
	for what, err := range map[string]error{"Login": cs.Login(soon(t)), "a call": list(t.Context(), cs)} {
		if status.Code(err) != codes.FailedPrecondition || !strings.Contains(err.Error(), "WithCAFile") {
			t.Errorf("%s: %v (%v), want FailedPrecondition and WithCAFile", what, err, status.Code(err))
		}
	}
}

// A handshake that failed for good says nothing about the errors of a later
// connection.
func TestErrorsAfterAGoodHandshakeKeepTheirCode(t *testing.T) {
	t.Parallel()
	s := quiet(t, mockserver.WithTLS(), mockserver.WithOpenAccess())
	cs := made(t)(clientset.ForEndpoint(s.Endpoint(), clientset.WithoutAuth(), clientset.WithoutRetry(), clientset.WithCAFile(authorityFile(t, s))))
	s.Script().FailNext(listProjects, 1, codes.Unavailable, "tls: failed to verify certificate: x509: certificate signed by unknown authority")
	if err := list(t.Context(), cs); status.Code(err) != codes.Unavailable {
		t.Errorf("%v, want the server's Unavailable", err)
	}
}

// unresolved is a client for a name that has no address, in whatever network the test
// runs.
func unresolved() (*clientset.ClientSet, error) {
	names := manual.NewBuilderWithScheme("dns")
	names.InitialState(resolver.State{})
	return clientset.ForEndpoint("nowhere.example.com", clientset.WithResolvers(names), clientset.WithoutAuth(), clientset.WithoutRetry())
}

// disconnected is a client on a machine without a network.
func disconnected() (*clientset.ClientSet, error) {
	return clientset.ForEndpoint("http://192.0.2.1", clientset.WithoutAuth(), clientset.WithoutRetry(), clientset.WithDialOptions(
		grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ENETUNREACH)}
		})))
}

// webOverTLS serves a page over TLS, without HTTP/2, or without ALPN at all.
func webOverTLS(t *testing.T, protocols ...string) string {
	t.Helper()
	l := tls.NewListener(listening(t), &tls.Config{
		Certificates: []tls.Certificate{newAuthority(t).issue(t, "localhost")}, MinVersion: tls.VersionTLS12, NextProtos: protocols,
	})
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if err := conn.(*tls.Conn).HandshakeContext(t.Context()); err != nil {
				_ = conn.Close()
			}
		}
	}()
	return l.Addr().String()
}

func TestAdviceNamesWhatIsInTheWay(t *testing.T) {
	t.Parallel()
	const secret = "proxy-password"
	deadProxy := closedPort(t)
	for name, tc := range map[string]struct {
		client func(t *testing.T) (*clientset.ClientSet, error)
		code   codes.Code
		want   string
	}{
		"TLS without ALPN": {func(t *testing.T) (*clientset.ClientSet, error) {
			return clientset.ForEndpoint(webOverTLS(t), clientset.WithInsecureSkipVerify(), clientset.WithoutAuth())
		}, codes.FailedPrecondition, "a web server answers there, not gRPC"},
		"TLS with ALPN for HTTP/1.1": {func(t *testing.T) (*clientset.ClientSet, error) {
			return clientset.ForEndpoint(webOverTLS(t, "http/1.1"), clientset.WithInsecureSkipVerify(), clientset.WithoutAuth())
		}, codes.FailedPrecondition, "a web server answers there, not gRPC"},
		"a page over HTTP/2": {webPage, codes.Unknown, "a web page answered instead of the backend"},
		"an unknown name":    {func(*testing.T) (*clientset.ClientSet, error) { return unresolved() }, codes.Unavailable, "the name nowhere.example.com has no address"},
		"a closed port": {func(t *testing.T) (*clientset.ClientSet, error) {
			return clientset.ForEndpoint("http://"+closedPort(t), clientset.WithoutAuth(), clientset.WithoutRetry())
		}, codes.Unavailable, "connection refused\"; is the backend running at this address and port?"},
		"no network": {func(*testing.T) (*clientset.ClientSet, error) { return disconnected() }, codes.Unavailable, "this machine has no network"},
		"a dead proxy": {func(*testing.T) (*clientset.ClientSet, error) {
			return clientset.ForEndpoint("flyte.example.com", clientset.WithProxyURL("http://user:"+secret+"@"+deadProxy),
				clientset.WithoutAuth(), clientset.WithoutRetry())
		}, codes.Unavailable, "goes through the proxy " + deadProxy + ", which WithProxyURL sets"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := list(t.Context(), made(t)(tc.client(t)))
			if status.Code(err) != tc.code || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), secret) {
				t.Errorf("%v, want %v and %q", err, tc.code, tc.want)
			}
		})
	}
}

// webPage is a client of a backend that answers a call with a page.
func webPage(t *testing.T) (*clientset.ClientSet, error) {
	t.Helper()
	s := quiet(t, mockserver.WithHTTPFront())
	if err := s.Script().AnswerHTTP(listProjects, 9, mockserver.HTTPAnswer{Status: http.StatusOK, Body: "<html>"}); err != nil {
		return nil, err
	}
	return at(s, clientset.WithoutAuth())
}

// An authorization server whose name nothing knows is named, not the backend.
func TestUnknownAuthorizationServerIsNamed(t *testing.T) {
	t.Parallel()
	s := quiet(t)
	hc := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.DNSError{Err: "no such host", Name: "login.example.com", IsNotFound: true}
	}}}
	cs := made(t)(at(s, machine(s, secretOf(s)), clientset.WithHTTPClient(hc), tokensAt("https://login.example.com")))
	err := cs.Login(soon(t))
	if own, ok := errors.AsType[*clientset.Error](err); !ok || !strings.Contains(own.Error(), "the name login.example.com has no address") {
		t.Errorf("%v, want the name of the authorization server", err)
	}
}
