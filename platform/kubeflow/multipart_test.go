package kubeflow

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// After an early answer the transport may go on reading the body that it had, while the
// request is sent a second time.
func TestTheProgressIsThatOfTheLatestAttempt(t *testing.T) {
	t.Parallel()
	var seen []int64
	f := newForm(Package{Name: "a.yaml", Content: strings.NewReader("abcdef"), Size: 6}, func(sent, _ int64) { seen = append(seen, sent) })
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://kf.test", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	f.attach(r)
	first := r.Body
	second, err := r.GetBody()
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range []io.Reader{first, second} {
		whole, err := io.ReadAll(body)
		if err != nil || int64(len(whole)) != r.ContentLength || !strings.Contains(string(whole), "\r\n\r\nabcdef\r\n--") {
			t.Errorf("%q, %v, want %d bytes", whole, err, r.ContentLength)
		}
	}
	if len(seen) != 1 || seen[0] != 6 {
		t.Errorf("progress %v, want 6 once", seen)
	}
}
