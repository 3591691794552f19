package mockserver_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
)

func TestMutualTLSRefusesClientsWithoutCertificate(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]mockserver.Option{
		"plain": nil, "front": {mockserver.WithHTTPFront()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := mocktest.New(t, append(options, mockserver.WithMutualTLS(), mockserver.WithProject("demo"))...)
			exercise(short(t), t, s) // by the server's own client and credentials, which present one

			pool := x509.NewCertPool()
			pool.AppendCertsFromPEM(s.CACertPEM())
			token := fetchToken(t, s)
			call := func(certs ...tls.Certificate) error {
				conn, err := grpc.NewClient(s.Endpoint(), grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{
					RootCAs: pool, Certificates: certs, MinVersion: tls.VersionTLS12,
				})))
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				return list(with(short(t), token), conn)
			}
			text, err := s.ClientCertificatePEM()
			if err != nil {
				t.Fatal(err)
			}
			pair, err := tls.X509KeyPair(text, text)
			if err != nil {
				t.Fatal(err)
			}
			wantCode(t, call(pair), codes.OK)
			wantCode(t, call(), codes.Unavailable)

			transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
			defer transport.CloseIdleConnections()
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.HTTPURL()+"/", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			if resp, err := transport.RoundTrip(r); err == nil {
				_ = resp.Body.Close()
				t.Error("the HTTP side took a client without a certificate")
			}
		})
	}
}

func TestClientCertificateExistsWithMutualTLSOnly(t *testing.T) {
	t.Parallel()
	if text, err := mocktest.New(t, mockserver.WithTLS()).ClientCertificatePEM(); text != nil || err != nil {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}

func TestURLSaysWhetherTheServerSpeaksTLS(t *testing.T) {
	t.Parallel()
	for want, options := range map[string][]mockserver.Option{
		"http://": nil, "https://": {mockserver.WithTLS()}, "": {mockserver.WithInMemory()},
	} {
		if s := mocktest.New(t, options...); s.URL() != want+s.Endpoint() {
			t.Errorf("URL %q of endpoint %q", s.URL(), s.Endpoint())
		}
	}
}
