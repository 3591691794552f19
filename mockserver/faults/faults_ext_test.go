package faults_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/mockserver/faults"
)

// ask sends a request to an endpoint that answers status with body.
func ask(t *testing.T, f *faults.Set, status int, body string) *httptest.ResponseRecorder {
	t.Helper()
	endpoint := f.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	w := httptest.NewRecorder()
	endpoint.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader("a=b")))
	return w
}

// Queued answers are sent in order, before a permanent fault. Reset stops both.
func TestQueuedAnswersComeFirst(t *testing.T) {
	t.Parallel()
	f := &faults.Set{}
	f.Down(true)
	f.FailNext(1, faults.Answer{Status: http.StatusTeapot, Header: http.Header{"retry-after": {"7"}}})
	f.Refuse(2, "invalid_client")

	first := ask(t, f, http.StatusOK, "{}")
	if first.Code != http.StatusTeapot || first.Header().Get("Retry-After") != "7" {
		t.Errorf("first: %d %v", first.Code, first.Header())
	}
	for range 2 {
		if w := ask(t, f, http.StatusOK, "{}"); w.Code != http.StatusUnauthorized || w.Body.String() != `{"error":"invalid_client"}` {
			t.Errorf("refused: %d %s", w.Code, w.Body)
		}
	}
	if w := ask(t, f, http.StatusOK, "{}"); w.Code != http.StatusServiceUnavailable {
		t.Errorf("down: %d", w.Code)
	}
	f.Refuse(1, "invalid_grant")
	f.Reset()
	if w := ask(t, f, http.StatusOK, "{}"); w.Code != http.StatusOK {
		t.Errorf("after Reset: %d", w.Code)
	}
}

// Rewrite and ContentType change neither errors nor answers that are no JSON object.
func TestOnlySuccessIsRewritten(t *testing.T) {
	t.Parallel()
	f := &faults.Set{}
	f.Rewrite(func(answer map[string]any) { answer["more"] = true })
	f.ContentType("text/odd")
	for _, tt := range []struct {
		status     int
		body, want string
	}{
		{http.StatusOK, `{"a":1}`, `{"a":1,"more":true}`},
		{http.StatusOK, `[1]`, `[1]`},
		{http.StatusBadRequest, `{"a":1}`, `{"a":1}`},
	} {
		w := ask(t, f, tt.status, tt.body)
		if w.Code != tt.status || w.Body.String() != tt.want {
			t.Errorf("%d %s: got %d %s", tt.status, tt.body, w.Code, w.Body)
		}
		if odd := w.Header().Get("Content-Type") == "text/odd"; odd != (tt.status == http.StatusOK) {
			t.Errorf("%d: Content-Type %q", tt.status, w.Header().Get("Content-Type"))
		}
	}
}
