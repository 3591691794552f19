package transfer

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/jetway-go/jetway/internal/clock"
)

func TestAURLIsUsedUntilShortlyBeforeItsEnd(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		granted time.Duration // by the backend's clock; 0: it does not say
		skew    time.Duration // of the backend's clock
		want    time.Duration
	}{
		"as asked":               {urlLifetime, 0, urlLifetime - nearEnd},
		"not said":               {0, 0, urlLifetime - nearEnd},
		"granted less":           {time.Minute, 0, time.Minute - nearEnd},
		"granted more":           {time.Hour, 0, urlLifetime - nearEnd},
		"a clock that is behind": {urlLifetime, -time.Hour, urlLifetime - nearEnd},
		"a clock that is ahead":  {urlLifetime, time.Hour, urlLifetime - nearEnd},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n := 0
				p := &permit{sign: func(context.Context) (*signed, error) {
					n++
					var expires *timestamppb.Timestamp
					if tc.granted > 0 {
						expires = timestamppb.New(time.Now().Add(tc.skew + tc.granted))
					}
					now := clock.Clock{}.Read()
					return newSigned("https://s.example.com/k?sig=x", "s3://b/k", nil, now, expires, now)
				}}
				for _, step := range []struct {
					at   time.Duration
					want int
				}{{0, 1}, {tc.want - time.Millisecond, 1}, {tc.want, 2}, {tc.want + time.Second, 2}} {
					time.Sleep(step.at - time.Since(start()))
					if _, err := p.get(t.Context()); err != nil || n != step.want {
						t.Errorf("after %v: signed %d times, %v; want %d", step.at, n, err, step.want)
					}
				}
			})
		})
	}
}

// start returns when every bubble begins.
func start() time.Time {
	return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
}

func TestARefusedURLIsReplacedOnceForAllWhoHadIt(t *testing.T) {
	t.Parallel()
	n := 0
	p := &permit{sign: func(context.Context) (*signed, error) {
		n++
		now := clock.Clock{}.Read()
		return newSigned("https://s.example.com/k?sig=x", "", nil, now, nil, now)
	}}
	first, _ := p.get(t.Context())
	p.refused(first, errors.New("reset"))
	if again, _ := p.get(t.Context()); again != first {
		t.Error("another URL was signed, though the first has not expired")
	}
	p.refused(first, ErrExpired)
	second, _ := p.get(t.Context())
	p.refused(first, ErrExpired) // of another exchange, which comes late
	if third, _ := p.get(t.Context()); second == first || third != second || n != 2 {
		t.Errorf("signed %d times, want 2", n)
	}
}

func TestAURLThatIsNoneIsRefusedWithoutShowingIt(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "file:///etc/passwd?sig=canary", "https://?sig=canary", "http://[::1?sig=canary", "ftp://h/k", "/k?sig=canary"} {
		now := clock.Clock{}.Read()
		if _, err := newSigned(text, "", nil, now, nil, now); !errors.Is(err, errBadURL) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
