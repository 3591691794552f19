package auth

import (
	"testing"
	"time"

	"github.com/jetway-go/jetway/internal/clock"
)

func TestWindows(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, tt := range []struct {
		name                     string
		life, age                time.Duration
		skew                     time.Duration
		earlyMin, earlyMax, late time.Duration
	}{
		{"a day", 24 * time.Hour, 0, 0, 46250 * time.Millisecond, 5 * time.Minute, 10 * time.Second},
		{"five minutes", 5 * time.Minute, 0, 0, 16250 * time.Millisecond, time.Minute, 10 * time.Second},
		{"five minutes, nearly over", 5 * time.Minute, 4 * time.Minute, 0, 16250 * time.Millisecond, time.Minute, 10 * time.Second},
		{"three seconds", 3 * time.Second, 0, 0, 337500 * time.Microsecond, 600 * time.Millisecond, 300 * time.Millisecond},
		{"issued by a clock that is ahead", 50 * time.Second, -50 * time.Second, 0, 11250 * time.Millisecond, 20 * time.Second, 10 * time.Second},
		{"own skew", time.Hour, 0, 10 * time.Minute, 10 * time.Minute, 10 * time.Minute, 10 * time.Minute},
		{"own skew over half of the lifetime", time.Minute, 0, time.Hour, 30 * time.Second, 30 * time.Second, 30 * time.Second},
		{"over before it began", -time.Hour, 0, 0, 0, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			issued := now.Add(-tt.age)
			c := &Credentials{AccessToken: "t", IssuedAt: issued, Expiry: issued.Add(tt.life)}
			for range 100 {
				early, late := windows(c, now, tt.skew)
				if early < tt.earlyMin || early > tt.earlyMax {
					t.Fatalf("early = %v, want %v to %v", early, tt.earlyMin, tt.earlyMax)
				}
				if late != tt.late {
					t.Fatalf("late = %v, want %v", late, tt.late)
				}
			}
		})
	}
}

func TestExpiredTokenIsNeverFresh(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := &snapshot{creds: &Credentials{AccessToken: "t", Expiry: now}}
	if s.schedule(clock.Clock{}, 0); s.load() != expired {
		t.Errorf("state %d, want %d", s.load(), expired)
	}
}

func TestWarmPathAllocatesNothing(t *testing.T) { //nolint:paralleltest // AllocsPerRun counts those of all tests
	a := New(Key{}, nil, Env{}, WithInitial(&Credentials{AccessToken: "t", Expiry: time.Now().Add(time.Hour)}))
	defer a.Close()
	ctx := t.Context()
	if _, err := a.Credentials(ctx); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = a.Credentials(ctx) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func BenchmarkWarmPath(b *testing.B) {
	for name, expiry := range map[string]time.Time{"no expiry": {}, "an hour": time.Now().Add(time.Hour)} {
		b.Run(name, func(b *testing.B) {
			a := New(Key{}, nil, Env{}, WithInitial(&Credentials{AccessToken: "t", Expiry: expiry}))
			defer a.Close()
			ctx := b.Context()
			b.ReportAllocs()
			for b.Loop() {
				if c, err := a.Credentials(ctx); c == nil || err != nil {
					b.Fatal(c, err)
				}
			}
		})
	}
}
