package clientset_test

import (
	"testing"
)

func TestFirstCallFindsOutLogsInAndCalls(t *testing.T) {
	t.Parallel()
	s := quiet(t)
	cs := connect(t, s)

	if n := len(s.Requests()); n != 0 {
		t.Fatalf("%d requests before the first call", n)
	}
	for range 3 {
		if err := list(t.Context(), cs); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.TokenRequests(); n != 1 {
		t.Errorf("%d token requests, want 1", n)
	}
	if n := calls(s, listProjects); n != 3 {
		t.Errorf("%d calls arrived, want 3: none went out without a token", n)
	}
}
