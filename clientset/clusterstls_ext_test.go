package clientset_test

import (
	"crypto/tls"
	"crypto/x509"
	"strings"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/mockserver"
)

// The name in the control plane's certificate is not that of a cluster, whichever way it
// is given.
func TestAServerNameIsForTheEndpointOnly(t *testing.T) {
	t.Parallel()
	for how, opt := range map[string]clientset.Option{
		"server name": clientset.WithServerName(controlPlane),
		"TLS config":  clientset.WithTLSConfig(nil), // set below
		"authority":   clientset.WithDialOptions(grpc.WithAuthority(controlPlane)),
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPlanes(t, "https://dp.example.com", dataPlane)
				p.alias("10.0.0.1")
				if how == "TLS config" {
					opt = clientset.WithTLSConfig(&tls.Config{ServerName: controlPlane, RootCAs: trusting(p.control), MinVersion: tls.VersionTLS12})
				}
				cs := made(t)(clientset.ForEndpoint("10.0.0.1", append(p.options(), opt, clientset.WithFlow(machineFlow(p.control)),
					clientset.WithClusterHosts(dataPlane))...))
				if err := readAction(soon(t), cs, "a0"); status.Code(err) != codes.NotFound || calls(p.data[dataPlane], getActionData) != 1 {
					t.Errorf("%v, want the data plane's NotFound", err)
				}
				// The backend knows itself by that name, which calls carry as :authority.
				p.name("https://" + controlPlane)
				if err := readAction(soon(t), cs, "a1"); status.Code(err) != codes.NotFound || calls(p.control, getActionData) != 1 {
					t.Errorf("%v, want the control plane's NotFound", err)
				}
				if warned := strings.Contains(p.seen.String(), "WARN"); warned != (how == "authority") { // an option that nothing can look into
					t.Errorf("a warning: %v\n%s", warned, p.seen.String())
				}
			})
		})
	}
}

func trusting(s *mockserver.Server) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(s.CACertPEM())
	return pool
}

func TestAClientCertificateIsForClustersToo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPlanes(t, "https://dp.example.com")
		data := quiet(t, mockserver.WithInMemory(), mockserver.WithTLSNames(dataPlane), mockserver.WithMutualTLS(),
			mockserver.WithControlPlane(p.control))
		p.data[dataPlane] = data
		pair, err := data.ClientCertificatePEM()
		if err != nil {
			t.Fatal(err)
		}
		cs := p.with(t, clientset.WithClientCertificatePEM(pair, pair))
		if err := readAction(soon(t), cs, "a0"); status.Code(err) != codes.NotFound || calls(data, getActionData) != 1 {
			t.Errorf("%v, want the data plane's NotFound", err)
		}
	})
}
