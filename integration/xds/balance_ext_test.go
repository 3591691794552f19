package xds_test

import (
	"testing"
	"time"

	"github.com/jetway-go/jetway/clientset"
)

func TestABackendIsDrainedUnderLoadWithoutAFailedCall(t *testing.T) {
	t.Parallel()
	// Given three backends, of which one has a call under way ...
	f := newFleet(t, 3)
	p := newControlPlane(t, service, f.shares(1, 1, 1)...)
	cs := f.throughXDS(t, p, clientset.WithoutRetry()) // nothing hides an attempt that fails
	gone := f.backends[1]
	hold := gone.Script().Hold(listed)
	l := underLoad(t, cs)
	<-hold.Arrived()
	l.reachesAll(t, f)
	l.goesOn(t, 300)

	// ... when the control plane drains it ...
	shares := f.shares(1, 1, 1)
	shares[1].draining = true
	p.set(t, shares...)
	p.taken(t)
	quiet(t, l, f, 1)
	hold.Release() // ... the call under way ends as usual ...
	l.goesOn(t, 100)

	// ... and it can be stopped.
	if err := gone.Close(); err != nil {
		t.Fatal(err)
	}
	before := f.counts()
	l.goesOn(t, 300)
	l.wantNoFailure(t)
	after := f.counts()
	if after[1] != before[1] || after[0] <= before[0] || after[2] <= before[2] {
		t.Errorf("calls went from %v to %v, want them at the two other backends", before, after)
	}
	if n := f.issuer.TokenRequests(); n != 1 {
		t.Errorf("%d token requests, want 1", n)
	}
}

// quiet waits until the backend gets no calls any more, while others do.
func quiet(tb testing.TB, l *load, f *fleet, backend int) {
	tb.Helper()
	limit := time.Now().Add(patience)
	for {
		before := f.counts()[backend]
		l.goesOn(tb, 200)
		if f.counts()[backend] == before {
			return
		}
		if time.Now().After(limit) {
			tb.Fatal("the backend still gets calls")
		}
	}
}

func TestWeightsChangeUnderLoadWithoutAFailedCall(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 2)
	p := newControlPlane(t, service, f.shares(90, 10)...)
	cs := f.throughXDS(t, p, clientset.WithoutRetry())
	l := underLoad(t, cs)
	l.reachesAll(t, f)
	wantShare := func(backend int) {
		t.Helper()
		p.taken(t)
		part := 0.0
		l.until(t, "the calls are shared as the control plane wants", func() bool { // once the balancer knows, too
			before := f.counts()
			l.goesOn(t, 1000)
			after := f.counts()
			one, all := after[backend]-before[backend], after[0]+after[1]-before[0]-before[1]
			part = float64(one) / float64(all)
			return part > 0.8 && part < 0.98
		})
		t.Logf("backend %d gets %.2f of the calls", backend, part)
	}
	wantShare(0)
	p.set(t, f.shares(10, 90)...)
	wantShare(1)
	l.wantNoFailure(t)
	if n := f.issuer.TokenRequests(); n != 1 {
		t.Errorf("%d token requests, want 1", n)
	}
}
