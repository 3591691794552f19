package xds_test

import (
	"net"
	"net/netip"
	"strconv"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/mockserver"
)

// nameServer answers every question for IPv4 addresses with those of the backends.
func nameServer(tb testing.TB, addresses ...netip.Addr) string {
	tb.Helper()
	conn, err := (&net.ListenConfig{}).ListenPacket(tb.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return // closed
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			q := m.Questions[0]
			answer := dnsmessage.Message{
				Header: dnsmessage.Header{ID: m.ID, Response: true, Authoritative: true}, Questions: m.Questions,
			}
			if q.Type == dnsmessage.TypeA {
				for _, a := range addresses {
					answer.Answers = append(answer.Answers, dnsmessage.Resource{
						Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 1},
						Body:   &dnsmessage.AResource{A: a.As4()},
					})
				}
			}
			packet, err := answer.Pack()
			if err != nil {
				tb.Errorf("the name server: %v", err)
				return
			}
			_, _ = conn.WriteTo(packet, from) // the client asks again
		}
	})
	tb.Cleanup(func() { _ = conn.Close(); serving.Wait() })
	return conn.LocalAddr().String()
}

// onePort starts n backends at different addresses of this machine with the same port, as
// pods behind one name have them.
func onePort(tb testing.TB, n int) (f *fleet, addresses []netip.Addr, port string) {
	tb.Helper()
	l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.2:0")
	if err != nil {
		tb.Fatal(err)
	}
	port = strconv.Itoa(int(l.Addr().(*net.TCPAddr).AddrPort().Port()))
	if err := l.Close(); err != nil {
		tb.Fatal(err)
	}
	at := make([]string, n)
	for i := range n {
		a := netip.AddrFrom4([4]byte{127, 0, 0, byte(i + 2)})
		addresses = append(addresses, a)
		at[i] = net.JoinHostPort(a.String(), port)
	}
	return newFleetAt(tb, mockserver.WithTLSNames(service), at...), addresses, port
}

// Without a control plane a backend that stops takes the calls under way with it: those
// that change nothing are made again, which is the default, and so none fails.
func TestRoundRobinSpreadsCallsAndOutlivesABackend(t *testing.T) {
	t.Parallel()
	f, addresses, port := onePort(t, 3)
	names := nameServer(t, addresses...)
	cs := made(t)(clientset.ForEndpoint("dns://"+names+"/"+service+":"+port,
		append(f.trust(), clientset.WithRoundRobin())...))
	if err := cs.Login(t.Context()); err != nil {
		t.Fatal(err)
	}
	l := underLoad(t, cs)
	l.reachesAll(t, f)
	l.goesOn(t, 300)
	if err := f.backends[1].Close(); err != nil {
		t.Fatal(err)
	}
	before := f.counts()
	l.goesOn(t, 300)
	f.issuer.Script().RevokeTokens()
	l.goesOn(t, 300)
	l.wantNoFailure(t)
	if after := f.counts(); after[0] <= before[0] || after[2] <= before[2] {
		t.Errorf("calls went from %v to %v, want them at both other backends", before, after)
	}
	f.wantRotation(t, 2)
}
