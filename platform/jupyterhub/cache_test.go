package jupyterhub

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/internal/clock"
)

func TestInvalidTokensEvictNoValidCaller(t *testing.T) {
	t.Parallel()
	c := newCache(0)
	alice := question{kind: "token", value: "alice"}.key()
	c.put(alice, &User{Name: "alice"})
	for i := range 2 * maxKnown {
		c.put(question{kind: "token", value: strconv.Itoa(i)}.key(), nil)
	}
	if u, ok := c.get(alice); !ok || u.Name != "alice" {
		t.Error("alice was forgotten")
	}
	if n := c.none.order.Len(); n != maxKnown || len(c.none.byKey) != maxKnown {
		t.Errorf("%d strangers are remembered, want %d", n, maxKnown)
	}
	if _, ok := c.get(question{kind: "token", value: "0"}.key()); ok {
		t.Error("the oldest stranger is still there")
	}
}

func TestTheLeastRecentlyUsedIsEvictedFirst(t *testing.T) {
	t.Parallel()
	c := newCache(0)
	alice := question{kind: "token", value: "alice"}.key()
	c.put(alice, &User{Name: "alice"})
	for i := range 2 * maxKnown {
		c.put(question{kind: "token", value: strconv.Itoa(i)}.key(), &User{Name: strconv.Itoa(i)})
		if i%(maxKnown/2) == 0 {
			if _, ok := c.get(alice); !ok {
				t.Fatalf("alice was forgotten after %d others", i)
			}
		}
	}
	if n := c.users.order.Len(); n != maxKnown || len(c.users.byKey) != maxKnown {
		t.Errorf("%d callers are remembered, want %d", n, maxKnown)
	}
}

func TestDifferentQuestionsHaveDifferentKeys(t *testing.T) {
	t.Parallel()
	seen := map[cacheKey]question{}
	for _, q := range []question{
		{kind: "token", value: "a"}, {kind: "cookie", value: "a"}, {kind: "token", session: "a"},
		{kind: "token", session: "a", value: "b"}, {kind: "token", session: "ab"}, {kind: "token", value: "ab"},
	} {
		if other, ok := seen[q.key()]; ok {
			t.Errorf("%+v and %+v are one", q, other)
		}
		seen[q.key()] = q
	}
}

// A revoked user is not admitted because the machine slept.
func TestAnAnswerOfTheHubEndsWhenOneOfTheTwoClocksSaysSo(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name         string
		jump, passes time.Duration // of the wall clock alone, and then of both
		kept         bool
	}{
		{"the machine slept for two hours", 2 * time.Hour, 0, false},
		{"it slept for a minute", time.Minute, 0, true},
		{"the wall clock was set back an hour", -time.Hour, DefaultCacheMaxAge - 1, true},
		{"it was set back an hour, and the five minutes are over", -time.Hour, DefaultCacheMaxAge, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var jump time.Duration
				c := newCache(0)
				c.clock = clock.Jumping(func() time.Duration { return jump })
				alice, stranger := question{kind: "token", value: "alice"}.key(), question{kind: "token", value: "x"}.key()
				c.put(alice, &User{Name: "alice"})
				c.put(stranger, nil)
				jump = tt.jump
				time.Sleep(tt.passes)
				for who, k := range map[string]cacheKey{"alice": alice, "an invalid token": stranger} {
					if _, kept := c.get(k); kept != tt.kept {
						t.Errorf("%s: kept = %v", who, kept)
					}
				}
			})
		})
	}
}
