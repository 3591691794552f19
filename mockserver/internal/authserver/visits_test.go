package authserver

import (
	"testing"
	"time"
)

// At the limit, browsers without an unfinished login have to log in again; the others
// keep theirs.
func TestVisitsMakeRoom(t *testing.T) {
	t.Parallel()
	v, now := newVisits(), time.Unix(1_800_000_000, 0)
	underWay, perr := v.begin("", visit{}, now)
	if perr != nil {
		t.Fatal(perr)
	}
	for range maxVisits {
		w, perr := v.begin("", visit{}, now)
		if perr != nil {
			t.Fatal(perr)
		}
		v.end(v.loggedIn(w.cookie, w.id, "ada").id)
	}

	if _, perr := v.begin("", visit{}, now); perr != nil {
		t.Errorf("the next browser: %v", perr)
	}
	if _, ok := v.find(underWay.cookie, underWay.id, now); !ok {
		t.Error("a login under way was forgotten")
	}
}

// Unfinished logins count against the limit until they expire.
func TestVisitsAreLimited(t *testing.T) {
	t.Parallel()
	v, now := newVisits(), time.Unix(1_800_000_000, 0)
	for range maxVisits {
		if _, perr := v.begin("", visit{}, now); perr != nil {
			t.Fatal(perr)
		}
	}
	if _, perr := v.begin("", visit{}, now); perr == nil {
		t.Error("one more than the limit was let in")
	}
	if _, perr := v.begin("", visit{}, now.Add(visitTTL+time.Second)); perr != nil {
		t.Errorf("after their time: %v", perr)
	}
}
