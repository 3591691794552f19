package doctor_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"maps"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
	"google.golang.org/grpc/codes"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/doctor"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
)

// fault is a world in which one thing is wrong.
type fault struct {
	target doctor.Target
	opts   []doctor.Option
}

// row is a step and the problem that it names, as docs/doctor.md has them.
type row struct {
	step    string
	problem doctor.Problem
}

// quickly is the time for a step that waits in vain. A slow machine has to come that far.
func quickly() doctor.Option { return doctor.WithStepTimeout(2 * time.Second) }

// at is a client without login at an address.
func at(address string, opts ...clientset.Option) doctor.Target {
	return doctor.Endpoint(address, append([]clientset.Option{clientset.WithoutAuth()}, opts...)...)
}

// mock is a mock with one project; WithTLS and others change it.
func mock(tb testing.TB, opts ...mockserver.Option) *mockserver.Server {
	tb.Helper()
	return mocktest.New(tb, append([]mockserver.Option{mockserver.WithProject("demo")}, opts...)...)
}

// dialing fails each connection with err.
func dialing(err error) doctor.Option {
	return doctor.WithDial(func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
	})
}

// nameServer is a DNS server that knows no name.
func nameServer(tb testing.TB) string {
	tb.Helper()
	conn, err := (&net.ListenConfig{}).ListenPacket(tb.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	go func() {
		for buffer := make([]byte, 1<<12); ; {
			n, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buffer[:n]) != nil {
				continue
			}
			m.Response, m.RCode, m.Additionals = true, dnsmessage.RCodeNameError, nil
			if answer, err := m.Pack(); err == nil {
				_, _ = conn.WriteTo(answer, from)
			}
		}
	}()
	return conn.LocalAddr().String()
}

// faults has one world for every row of docs/doctor.md.
func faults() map[row]func(t *testing.T) fault {
	all := map[row]func(t *testing.T) fault{
		{"settings", doctor.BadSettings}: func(*testing.T) fault { return fault{target: at("https://flyte.example.com/console")} },
		{"settings", doctor.NotSent}: func(t *testing.T) fault {
			return fault{
				target: doctor.Endpoint("http://flyte.example.com", clientset.WithFlow(flow.StaticToken("token"))),
				opts:   []doctor.Option{doctor.WithLookup(unknown)},
			}
		},
		{"dns", doctor.UnknownName}: func(t *testing.T) fault {
			return fault{target: at("dns://" + nameServer(t) + "/no-such-name.example.com")}
		},
		{"dns", doctor.NoNameServer}: func(t *testing.T) fault {
			return fault{target: at("dns://" + closedPort(t) + "/flyte.example.com")}
		},
		{"tcp", doctor.Refused}: func(t *testing.T) fault { return fault{target: at(closedPort(t))} },
		{"tcp", doctor.NoNetwork}: func(*testing.T) fault {
			return fault{target: at("192.0.2.1"), opts: []doctor.Option{dialing(syscall.ENETUNREACH)}}
		},
		{"tcp", doctor.Timeout}: func(*testing.T) fault {
			return fault{target: at("192.0.2.1"), opts: []doctor.Option{
				doctor.WithStepTimeout(time.Millisecond),
				doctor.WithDial(func(ctx context.Context, _, _ string) (net.Conn, error) {
					<-ctx.Done()
					return nil, ctx.Err()
				}),
			}}
		},
		{"tcp", doctor.Unreachable}: func(*testing.T) fault {
			return fault{target: at("192.0.2.1"), opts: []doctor.Option{dialing(errors.New("permission denied"))}}
		},
		{"proxy", doctor.ProxyLogin}: func(t *testing.T) fault {
			return fault{target: at("flyte.example.com",
				clientset.WithProxyURL("http://"+webServer(t, false, answering(http.StatusProxyAuthRequired, ""))))}
		},
		{"proxy", doctor.ProxyRefused}: func(t *testing.T) fault {
			return fault{target: at("flyte.example.com", clientset.WithProxyURL("http://"+webServer(t, false, answering(http.StatusForbidden, ""))))}
		},
		{"proxy", doctor.Timeout}: func(t *testing.T) fault {
			return fault{target: at("flyte.example.com", clientset.WithProxyURL("http://"+mute(t))), opts: []doctor.Option{quickly()}}
		},
	}
	maps.Copy(all, tlsFaults())
	maps.Copy(all, protocolFaults())
	maps.Copy(all, loginFaults())
	maps.Copy(all, callFaults())
	return all
}

func unknown(_ context.Context, host string) ([]string, error) {
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

// certified is a gRPC server whose certificate is changed, and a client that trusts its
// authority.
func certified(change func(*x509.Certificate), opts ...clientset.Option) func(t *testing.T) fault {
	return func(t *testing.T) fault {
		t.Helper()
		a := newAuthority(t)
		return fault{target: at(grpcServer(t, with(a.issue(t, change))), append([]clientset.Option{a.trust()}, opts...)...)}
	}
}

func tlsFaults() map[row]func(t *testing.T) fault {
	return map[row]func(t *testing.T) fault{
		{"tls", doctor.NoTLS}: func(t *testing.T) fault { return fault{target: at(grpcServer(t, nil))} },
		{"tls", doctor.WrongName}: certified(func(c *x509.Certificate) {
			c.DNSNames, c.IPAddresses = []string{"other.example.com"}, []net.IP{net.IPv4(10, 0, 0, 1)}
		}),
		{"tls", doctor.NoIPName}: certified(func(c *x509.Certificate) { c.IPAddresses = nil }),
		{"tls", doctor.Expired}:  certified(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }),
		{"tls", doctor.NotYetValid}: certified(func(c *x509.Certificate) {
			c.NotBefore = time.Now().Add(time.Hour)
		}),
		{"tls", doctor.ExpiresSoon}: certified(func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = time.Now().Add(-20*time.Hour), time.Now().Add(time.Hour)
		}),
		{"tls", doctor.UnknownCA}: func(t *testing.T) fault {
			return fault{target: at(grpcServer(t, with(newAuthority(t).issue(t, nil))))}
		},
		{"tls", doctor.SelfSigned}: func(t *testing.T) fault {
			return fault{target: at(grpcServer(t, with(selfSigned(t))))}
		},
		{"tls", doctor.NotVerified}: certified(nil, clientset.WithInsecureSkipVerify()),
		{"tls", doctor.WantsClient}: func(t *testing.T) fault {
			a := newAuthority(t)
			cfg := with(a.issue(t, nil))
			cfg.ClientAuth, cfg.ClientCAs = tls.RequireAndVerifyClientCert, a.pool()
			return fault{target: at(grpcServer(t, cfg), a.trust())}
		},
		{"tls", doctor.RefusesClient}: func(t *testing.T) fault {
			a := newAuthority(t)
			cfg := with(a.issue(t, nil))
			cfg.ClientAuth, cfg.ClientCAs = tls.RequireAndVerifyClientCert, a.pool()
			return fault{target: at(grpcServer(t, cfg), a.trust(), alwaysPresenting(t))}
		},
		{"tls", doctor.OldTLS}: func(t *testing.T) fault {
			a := newAuthority(t)
			cfg := with(a.issue(t, nil))
			cfg.MinVersion, cfg.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
			return fault{target: at(grpcServer(t, cfg), a.trust())}
		},
		{"tls", doctor.BadHandshake}: func(t *testing.T) fault { return fault{target: at(hangUp(t))} },
		{"tls", doctor.Timeout}: func(t *testing.T) fault {
			return fault{target: at(mute(t)), opts: []doctor.Option{quickly()}}
		},
		{"tls", doctor.NoHTTP2}: func(t *testing.T) fault {
			a := newAuthority(t)
			cfg := with(a.issue(t, nil))
			cfg.NextProtos = []string{"http/1.1"}
			l := tls.NewListener(listening(t), cfg)
			server := &http.Server{Handler: answering(http.StatusOK, "text/html"), ReadHeaderTimeout: time.Minute}
			go func() { _ = server.Serve(l) }()
			t.Cleanup(func() { _ = server.Close() })
			return fault{target: at(l.Addr().String(), a.trust())}
		},
	}
}

// alwaysPresenting has the client present a certificate whatever the server asks for.
func alwaysPresenting(t *testing.T) clientset.Option {
	t.Helper()
	cert := newAuthority(t).issue(t, nil)
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return clientset.WithClientCertificatePEM(encode("CERTIFICATE", cert.Certificate[0]), encode("PRIVATE KEY", key))
}

// inTheClear is a server that answers HTTP/2 without TLS.
func inTheClear(code int, kind string, headers ...string) func(t *testing.T) fault {
	return func(t *testing.T) fault {
		t.Helper()
		return fault{target: at("http://" + webServer(t, true, answering(code, kind, headers...)))}
	}
}

func protocolFaults() map[row]func(t *testing.T) fault {
	return map[row]func(t *testing.T) fault{
		{"protocol", doctor.WantsTLS}: func(t *testing.T) fault {
			return fault{target: at("http://" + grpcServer(t, with(newAuthority(t).issue(t, nil))))}
		},
		{"protocol", doctor.WebServer}: func(t *testing.T) fault {
			return fault{target: at("http://" + webServer(t, false, answering(http.StatusOK, "text/html")))}
		},
		{"protocol", doctor.WebPage}: inTheClear(http.StatusOK, "text/html; charset=utf-8"),
		{"protocol", doctor.Redirected}: inTheClear(http.StatusFound, "", "Location",
			"https://login.example.com/oauth2/start?rd=secret"),
		{"protocol", doctor.FrontLogin}:  inTheClear(http.StatusProxyAuthRequired, ""),
		{"protocol", doctor.HTTP1Behind}: inTheClear(http.StatusHTTPVersionNotSupported, ""),
		{"protocol", doctor.BadGateway}:  inTheClear(http.StatusBadGateway, "text/html"),
		{"protocol", doctor.Timeout}: func(t *testing.T) fault {
			return fault{target: at("http://" + mute(t)), opts: []doctor.Option{quickly()}}
		},
		{"protocol", doctor.Unreachable}: func(t *testing.T) fault { return fault{target: at("http://" + hangUp(t))} },
		{"discovery", doctor.FailDiscovery}: func(t *testing.T) fault {
			s := mock(t)
			s.Script().FailNext("/flyteidl2.auth.AuthMetadataService/*", 9, codes.Unavailable, "overloaded")
			return fault{target: doctor.APIKey(s.APIKey())}
		},
	}
}
