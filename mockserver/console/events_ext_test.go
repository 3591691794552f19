package console_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/backend"
	"github.com/jetway-go/jetway/mockserver/mocktest"
)

func TestStreamFollowsARunToItsEnd(t *testing.T) {
	t.Parallel()
	s, c := attached(t, mockserver.WithProject("demo"))
	s.Backend().SetTimeline("", backend.Timeline{Steps: []backend.Step{
		{Manual: true, Phase: commonpb.ActionPhase_ACTION_PHASE_RUNNING, Logs: []string{"first line"}},
		{Manual: true, Action: "child", Phase: commonpb.ActionPhase_ACTION_PHASE_RUNNING, Logs: []string{"line of the child"}},
		{Manual: true, Logs: []string{"second line"}},
		{Action: "child", Phase: commonpb.ActionPhase_ACTION_PHASE_SUCCEEDED},
		{Phase: commonpb.ActionPhase_ACTION_PHASE_SUCCEEDED},
	}})
	v := visit(t, s, c)
	events := v.follow(t, "")
	token := issue(t, s).AccessToken
	start(as(t, token), t, connect(t, s), "first")
	await(t, events, "the run", showing("runs", "<b>first</b>", "queued"))
	s.Backend().Advance("first")
	await(t, events, "its log", showing("log", "first line"))
	s.Backend().Advance("first")
	await(t, events, "its second action", showing("timeline", "<b>child</b>", `class="ph-running"`))
	s.Backend().Advance("first")
	_, all := await(t, events, "its end", showing("timeline", "succeeded", `class="ph-succeeded"`))
	_, more := await(t, events, "the numbers", showing("counts"))
	lines := 0
	for _, e := range append(all, more...) {
		if e.Panel == "lines" || e.Panel == "log" {
			lines += strings.Count(e.HTML, "second line") + 10*strings.Count(e.HTML, "first line")
		}
	}
	if lines != 1 {
		t.Errorf("lines came %d times", lines)
	}

	// A page that shows one action stays with it.
	pinned := v.follow(t, "?run="+url.QueryEscape("demo/development/first")+"&action=1")
	await(t, pinned, "the log of the child", showing("log", "line of the child"))
	start(as(t, token), t, connect(t, s), "second")
	e, _ := await(t, pinned, "the second run", showing("runs", "<b>second</b>"))
	if strings.Index(e.HTML, "aria-current") < strings.Index(e.HTML, "<b>second</b>") {
		t.Error("the page left the run that it is to show")
	}
}

func TestStreamShowsOutageAndRecovery(t *testing.T) {
	t.Parallel()
	s, c := attached(t)
	v := visit(t, s, c)
	events := v.follow(t, "")
	token := issue(t, s)
	ask := func() {
		v.send(t, http.MethodPost, s.TokenURL(), url.Values{
			"grant_type": {"refresh_token"}, "refresh_token": {token.RefreshToken}, "client_id": {mockserver.PublicClientID},
		}.Encode())
	}
	v.press(t, "start:token-endpoint-down")
	await(t, events, "the fault", showing("faults", `value="stop:token-endpoint-down"`))
	ask()
	await(t, events, "the outage", showing("requests", "503"))
	v.press(t, "stop:token-endpoint-down")
	ask()
	await(t, events, "the recovery", showing("requests", "200 OK", "↻ repeats", "503"))
	await(t, events, "the renewal", showing("logins", "<b>renewed</b>", "<b>rotated</b>"))
	s.SetClockOffset(2 * time.Hour)
	await(t, events, "the expiry", showing("logins", ">expired<"))
}

func TestRequestUnderWayIsShownAgainWhenItEnds(t *testing.T) {
	t.Parallel()
	s, c := attached(t)
	v := visit(t, s, c)
	token := issue(t, s).AccessToken
	conn := connect(t, s)
	hold := s.Script().Hold("*")
	ended := make(chan error, 1)
	go func() { ended <- list(as(t, token), conn) }()
	<-hold.Arrived()
	events := v.follow(t, "?after=1")
	e, _ := await(t, events, "the call", showing("requests", "under way"))
	_, id, _ := strings.Cut(e.HTML, ` id="r`)
	id, _, _ = strings.Cut(id, " data")
	hold.Release()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	await(t, events, "its end", showing("requests", id, ">OK<"))
}

// At 10,000 requests a minute and far more, a page gets no more than it can show.
func TestStreamIsBounded(t *testing.T) {
	t.Parallel()
	quietly := mockserver.WithLogger(nil)
	s, err := mockserver.New(quietly, mockserver.WithRequestLog(2000))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	c := attach(t, s)
	v := visit(t, s, c)
	token := issue(t, s).AccessToken
	conn := connect(t, s)
	_ = list(as(t, token), conn)
	events := v.follow(t, "")
	await(t, events, "the start", showing("requests"))
	const calls = 1000 // 10,000 a minute for six seconds, in one or two
	for range calls {
		if err := list(as(t, token), conn); err != nil {
			t.Fatal(err)
		}
	}
	last := fmt.Sprintf(`id="r%d"`, calls+1)
	_, all := await(t, events, "the last call", showing("requests", last, ">OK<"))
	var messages, rows, size int
	var skipped uint64
	for _, e := range all {
		size += len(e.HTML)
		if e.Panel != "requests" {
			continue
		}
		messages++
		n := strings.Count(e.HTML, "<tr ")
		if n > 100 {
			t.Errorf("%d rows at once", n)
		}
		rows, skipped = rows+n, skipped+e.Skipped
	}
	if got := rows + int(skipped); got < calls || got > calls+messages { // a row under way comes twice
		t.Errorf("%d rows and %d skipped, of %d calls", rows, skipped, calls)
	}
	if limit := 100 << 10 * (messages + 1); size > limit {
		t.Errorf("%d bytes in %d messages", size, messages)
	}
	_, body := v.get(t, s.HTTPURL()+"/console")
	if n := strings.Count(body, `<tr role="row" id=`); n > 100 {
		t.Errorf("the page has %d rows", n)
	}
}

func TestStreamsAreFewAndEndWithTheServer(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t)
	c := attach(t, s)
	v := visit(t, s, c)
	var open []<-chan event
	for range 12 {
		open = append(open, v.follow(t, ""))
	}
	if resp, _ := v.get(t, s.HTTPURL()+"/console/events"); resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("the thirteenth: %s", resp.Status)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	for _, events := range open {
		for range events {
		}
	}
}

// Each round makes the same calls without an open page and with one, so that a machine that
// does other work as well slows both. The ratio is the median of the rounds.
func BenchmarkCallsBesideAPage(b *testing.B) {
	s, err := mockserver.New()
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	v := visit(b, s, attach(b, s))
	conn := connect(b, s)
	ctx := context.WithoutCancel(as(b, issue(b, s).AccessToken))
	round := func() float64 {
		const calls = 5000
		begun := time.Now()
		for range calls {
			if err := list(ctx, conn); err != nil {
				b.Fatal(err)
			}
		}
		return calls / time.Since(begun).Seconds()
	}
	var ratios []float64
	for b.Loop() {
		without := round()
		watching, stop := context.WithCancel(ctx)
		read := make(chan struct{})
		go func() {
			defer close(read)
			for range v.followUntil(watching, b, "") {
			}
		}()
		ratios = append(ratios, round()/without)
		stop()
		<-read
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "ratio")
}
