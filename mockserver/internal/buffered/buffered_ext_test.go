package buffered_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/jetway-go/jetway/mockserver/internal/buffered"
)

func TestEditChangesStatusHeaderAndBody(t *testing.T) {
	t.Parallel()
	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Kept", "1")
		_, _ = w.Write([]byte("short"))
		w.WriteHeader(http.StatusTeapot) // too late: the status is sent with the first bytes
	})
	w := httptest.NewRecorder()
	buffered.Edit(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil), next, func(a *buffered.Answer) {
		if a.Status != http.StatusOK || string(a.Body) != "short" {
			t.Errorf("before: %d %q", a.Status, a.Body)
		}
		a.Status, a.Body = http.StatusAccepted, []byte("much longer")
		a.Header.Set("X-New", "2")
	})
	h := w.Header()
	if w.Code != http.StatusAccepted || w.Body.String() != "much longer" ||
		h.Get("X-Kept") != "1" || h.Get("X-New") != "2" || h.Get("Content-Length") != "11" {
		t.Errorf("after: %d %q %v", w.Code, w.Body, h)
	}
}
