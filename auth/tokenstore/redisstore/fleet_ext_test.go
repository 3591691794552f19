package redisstore_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// fleetSize is how many processes share a login. The environment may ask for more.
func fleetSize(tb testing.TB, usual int) int {
	tb.Helper()
	text := os.Getenv("JETWAY_TEST_FLEET")
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

type fleet []*process

func (c child) fleet(tb testing.TB, n int) fleet {
	tb.Helper()
	var all fleet
	for range n {
		all = append(all, c.launch(tb))
	}
	for _, p := range all {
		p.await(tb, "ready", time.Minute)
	}
	return all
}

const patience = 90 * time.Second

// round makes all processes need a token other than the one before, and returns how many
// times they asked for it.
func (f fleet) round(tb testing.TB, want string) (tries int) {
	tb.Helper()
	f.begin()
	return f.finish(tb, want)
}

func (f fleet) begin() {
	for _, p := range f {
		p.tell("renew " + patience.String())
	}
}

func (f fleet) finish(tb testing.TB, want string) (tries int) {
	tb.Helper()
	for _, p := range f {
		token, n, _ := strings.Cut(p.await(tb, "ok ", patience+10*time.Second), " ")
		if token != want && want != "" {
			tb.Errorf("process %d has %q, want %q", p.Process.Pid, token, want)
		}
		count, _ := strconv.Atoi(n)
		tries += count
	}
	return tries
}

func (f fleet) end(tb testing.TB) {
	tb.Helper()
	for _, p := range f {
		_ = p.close()
	}
	for _, p := range f {
		if err := p.exit(); err != nil {
			tb.Error(err)
		}
	}
}

// Many processes find one expired login at once, and have each token of it rejected after
// that: one request each time. It also counts what that costs Redis.
func TestAFleetMakesOneRequestForEachRenewal(t *testing.T) {
	t.Parallel()
	s, r := newServer(t), newRotation(t, false)
	store := s.store(t)
	must(t, store.Store(t.Context(), key, r.login(expired)))
	n := fleetSize(t, 30)
	all := child{Redis: s.addr, URL: r.url, Lapse: 15 * time.Second}.fleet(t, n)
	start := time.Now()
	all.round(t, "access-1")
	if requests, forced := r.counts(); requests != 1 || forced != 0 {
		t.Errorf("%d requests, %d forced logins; want 1, 0", requests, forced)
	}
	t.Logf("%d processes, one expired login: %v", n, time.Since(start))
	if err := r.good(t, store); err != nil {
		t.Error(err)
	}
	const renewals = 20
	before := s.commands(t)
	start = time.Now()
	for i := range renewals {
		all.round(t, fmt.Sprintf("access-%d", i+2))
	}
	time.Sleep(time.Second) // what the last change causes
	perProcess := float64(s.commands(t)-before) / renewals / float64(n)
	t.Logf("%d renewals: %v, %.1f commands of Redis for each process and renewal", renewals, time.Since(start), perProcess)
	if requests, forced := r.counts(); requests != 1+renewals || forced != 0 {
		t.Errorf("%d requests, %d forced logins; want %d, 0", requests, forced, 1+renewals)
	}
	if perProcess > 40 {
		t.Errorf("%.1f commands for each process and renewal", perProcess)
	}
	if err := r.good(t, store); err != nil {
		t.Error(err)
	}
	all.end(t)
}
