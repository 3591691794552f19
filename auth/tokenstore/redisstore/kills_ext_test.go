package redisstore_test

import (
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Processes are killed at random while they renew: when their request arrives, and after its
// answer. Where a server gives the token before the newest another chance, no person ever has
// to log in.
func TestProcessesKilledAtRandomCostNoLoginWhereTheServerHasGrace(t *testing.T) {
	t.Parallel()
	kills := int64(4)
	if text := os.Getenv("JETWAY_TEST_KILLS"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		must(t, err)
		kills = n
	}
	s, r := newServer(t), newRotation(t, true)
	must(t, s.store(t).Store(t.Context(), key, r.login(expired)))

	running := sync.Map{} // pid → *process
	var killed, before, rounds atomic.Int64
	kill := func(pid string) bool {
		p, ok := running.LoadAndDelete(pid)
		if !ok {
			return false
		}
		_ = p.(*process).Process.Kill()
		killed.Add(1)
		return true
	}
	random := rand.New(rand.NewPCG(3, 4)) // used under the lock of r
	r.mu.Lock()
	r.arrived = func(pid string) bool {
		if _, alive := running.Load(pid); !alive {
			return true // sent before the kill, seen after it
		}
		if killed.Load() >= kills || random.IntN(10) > 0 || !kill(pid) {
			return false
		}
		before.Add(1)
		return true
	}
	r.answered = func(pid string) {
		if killed.Load() < kills && random.IntN(5) == 0 {
			time.Sleep(time.Duration(random.IntN(4_000)) * time.Microsecond)
			kill(pid)
		}
	}
	r.mu.Unlock()
	var slots sync.WaitGroup
	for range 4 {
		slots.Go(func() {
			for killed.Load() < kills {
				p := child{Redis: s.addr, URL: r.url, Lapse: shortLapse}.launch(t)
				running.Store(strconv.Itoa(p.Process.Pid), p)
				for line := range p.lines {
					if strings.HasPrefix(line, "failed") || strings.HasPrefix(line, "forced") {
						t.Error(line)
					}
					if strings.HasPrefix(line, "ok") {
						rounds.Add(1)
					}
					if killed.Load() >= kills {
						break
					}
					p.tell("renew " + patience.String())
				}
				running.Delete(strconv.Itoa(p.Process.Pid))
				_ = p.Process.Kill()
				go func() { // what it still says
					for range p.lines {
					}
				}()
				_ = p.exit()
			}
		})
	}
	slots.Wait()
	requests, forced := r.counts()
	t.Logf("%d renewals seen by processes, %d token requests, %d kills, %d of them before the request, %d forced logins",
		rounds.Load(), requests, killed.Load(), before.Load(), forced)
	if forced != 0 || killed.Load() < kills {
		t.Errorf("%d forced logins, %d kills", forced, killed.Load())
	}
	last := child{Redis: s.addr, URL: r.url, Lapse: shortLapse}.launch(t)
	running.Store(strconv.Itoa(last.Process.Pid), last)
	last.await(t, "ready", time.Minute)
	last.tell("renew " + patience.String())
	last.await(t, "ok", patience+10*time.Second)
	eventually(t, patience, func() error { return r.good(t, s.store(t)) })
}
