package console_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/jetway-go/jetway/clientset"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
)

// Under more than 10,000 requests a minute the page holds no more than it did, shows the
// latest request, and can still be used.
func TestConsoleUnderLoad(t *testing.T) {
	t.Parallel()
	s, c := attached(t)
	p := newTab(t)
	p.open(t, c.Address())
	p.shows(t, "live", "live")
	cs, err := clientset.ForAPIKey(s.APIKey())
	if err != nil {
		t.Fatal(err)
	}
	defer cs.Close()
	const (
		rate  = 250 // a second, 15,000 a minute
		calls = 5 * rate
	)
	var slowest time.Duration
	begun := time.Now()
	for i := range calls {
		if _, err := cs.Project().ListProjects(t.Context(), &projectpb.ListProjectsRequest{}); err != nil {
			t.Fatal(err)
		}
		if i%rate == rate/2 {
			asked := time.Now()
			eval[int](t, p, "new Promise((done) => requestAnimationFrame(() => done(document.querySelectorAll('*').length)))")
			slowest = max(slowest, time.Since(asked))
		}
		time.Sleep(time.Until(begun.Add(time.Duration(i) * time.Second / rate)))
	}
	t.Logf("%d calls in %v; the page drew at the latest after %v", calls, time.Since(begun), slowest)
	latest := s.Latest(1)[0]
	p.shows(t, "counts", fmt.Sprint(latest.Number))
	if !eval[bool](t, p, fmt.Sprintf("document.querySelector('#requests tr').id === 'r%d'", latest.Number)) {
		t.Error("the latest request is not at the top")
	}
	if n := eval[int](t, p, "document.querySelectorAll('#requests tr').length"); n > 200 {
		t.Errorf("%d rows", n)
	}
	if n := eval[int](t, p, "document.querySelectorAll('*').length"); n > 5000 {
		t.Errorf("%d elements", n)
	}
	p.click(t, "pause")
	p.shows(t, "pause", "Go on")
	if _, err := cs.Project().ListProjects(t.Context(), &projectpb.ListProjectsRequest{}); err != nil {
		t.Fatal(err)
	}
	p.shows(t, "counts", fmt.Sprint(latest.Number+1))
	if eval[bool](t, p, fmt.Sprintf("document.getElementById('r%d') !== null", latest.Number+1)) {
		t.Error("a request was shown in a page that pauses")
	}
	p.click(t, "pause")
	p.shows(t, "requests", "ListProjects")
	if !eval[bool](t, p, fmt.Sprintf("document.getElementById('r%d') !== null", latest.Number+1)) {
		t.Error("a request was lost in the pause")
	}
}
