package redisstore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/auth"
)

// A source of keys that does not answer delays by the time limit: the first time with an
// error, and after that with the keys that were read before.
func TestASourceOfKeysThatHangsDelaysByTheTimeLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var hangs atomic.Bool
		hangs.Store(true)
		release := make(chan struct{})
		defer close(release)
		s := New(nil, func(context.Context) ([]SealKey, error) {
			if hangs.Load() {
				<-release // whatever its context says
			}
			return []SealKey{testKey("k", 1)}, nil
		}, WithTimeLimit(2*time.Second))
		p := s.place(personKey)
		start := time.Now()
		for range 2 {
			if _, err := s.seal(t.Context(), p, &record{kind: isLogin}, person); !errors.Is(err, auth.ErrMisconfigured) {
				t.Error(err)
			}
		}
		if took := time.Since(start); took != 4*time.Second {
			t.Errorf("took %v", took)
		}
		release <- struct{}{}
		synctest.Wait()
		time.Sleep(2 * keysAge)
		start = time.Now()
		if _, err := s.seal(t.Context(), p, &record{kind: isLogin}, person); err != nil || time.Since(start) != 2*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

// A source of keys that panics ends no program: a Store also reads keys in goroutines of its own.
func TestASourceOfKeysThatPanicsIsAnError(t *testing.T) {
	t.Parallel()
	s := New(nil, func(context.Context) ([]SealKey, error) { panic("canary") })
	_, err := s.seal(t.Context(), s.place(personKey), &record{kind: isLogin}, person)
	if !errors.Is(err, auth.ErrMisconfigured) || strings.Contains(err.Error(), "canary") {
		t.Error(err)
	}
}

func TestLogsAndJSONShowNoKey(t *testing.T) {
	t.Parallel()
	k := SealKey{ID: "k1", Secret: bytes.Repeat([]byte("canary-0"), 4)}
	var out bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&out, nil))
	log.Info("keys", slog.Any("one", k), slog.Any("pointer", &k), slog.Any("all", []SealKey{k}), slog.Any("in", struct{ K SealKey }{k}))
	data, err := json.Marshal(k)
	if text := out.String() + string(data); err == nil || strings.Contains(text, "Y2FuYXJ5") || !strings.Contains(text, `key \"k1\"`) {
		t.Errorf("%s, %v", text, err)
	}
}

// Servers quote the arguments of a command that they do not know, such as AUTH.
func TestTheTextOfAServerShowsNoArguments(t *testing.T) {
	t.Parallel()
	s := New(nil, nil)
	unknown := errors.New("ERR unknown command `AUTH`, with args beginning with: `canary`")
	err := s.unreachable(t.Context(), unknown, s.opts.limit)
	if !errors.Is(err, ErrUnreachable) || strings.Contains(err.Error(), "canary") || !strings.Contains(err.Error(), "unknown command `AUTH`") {
		t.Error(err)
	}
}
