package interceptors_test

import (
	"context"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/interceptors"
)

// doubting is a source that doubts every rejection.
type doubting struct{ *source }

func (doubting) Doubted(context.Context, *auth.Credentials) bool { return true }

// Where the source doubts a rejection, the call is made once more with the same token, and
// then with another one.
func TestADoubtedRejectionIsPutToTheTestOnce(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rejections int
		sent       []string
		code       codes.Code
		refreshes  int
	}{
		{0, []string{"token-0"}, codes.OK, 0},
		{1, []string{"token-0", "token-0"}, codes.OK, 0},
		{2, []string{"token-0", "token-0", "token-1"}, codes.OK, 1},
		{3, []string{"token-0", "token-0", "token-1"}, codes.Unauthenticated, 1},
	} {
		src, srv := doubting{newSource()}, &server{}
		for range tt.rejections {
			srv.answers = append(srv.answers, errRejected)
		}
		err := srv.call(t.Context(), interceptors.UnaryClientAuth(src))
		if status.Code(err) != tt.code || len(srv.attempts) != len(tt.sent) {
			t.Fatalf("%d rejections: %v after %d attempts, want %v after %d", tt.rejections, err, len(srv.attempts), tt.code, len(tt.sent))
		}
		for i, want := range tt.sent {
			if got := srv.attempts[i]["authorization"][0]; got != "Bearer "+want {
				t.Errorf("%d rejections: attempt %d carries %s, want %s", tt.rejections, i+1, got, want)
			}
		}
		if n, _ := src.counts(); n != tt.refreshes {
			t.Errorf("%d rejections: %d refreshes, want %d", tt.rejections, n, tt.refreshes)
		}
	}
}
