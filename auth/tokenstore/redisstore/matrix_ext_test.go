package redisstore_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Time until a lease goes to another in these tests. A third of it is what a holder has on a busy
// machine to come back and to store what it has obtained.
const shortLapse = 6 * time.Second

// The Patience of a child.
const (
	usual time.Duration = 0
	none  time.Duration = -1
)

// crowd is how many wait for the holder.
const crowd = 6

// scene is one login, the server that renews it, Redis, a process that holds the lease and
// stops somewhere, and others that need the login.
type scene struct {
	*testing.T
	redis  *server
	front  *proxy // between Redis and all others than the holder
	holder *process
	own    *proxy // between Redis and the holder
	server *rotation
	others fleet
}

// at starts the holder and the others, and returns when the holder has stopped at h and they
// wait for it.
func at(t *testing.T, h hold, grace bool, redisArgs ...string) *scene {
	t.Helper()
	return atWith(t, h, grace, usual, redisArgs...)
}

// atWith is at with processes that have a patience of their own.
func atWith(t *testing.T, h hold, grace bool, forSilent time.Duration, redisArgs ...string) *scene {
	t.Helper()
	s := &scene{T: t, redis: newServer(t, redisArgs...), server: newRotation(t, grace)}
	s.front, s.own = newProxy(t, s.redis.addr), newProxy(t, s.redis.addr)
	must(t, s.redis.store(t).Store(t.Context(), key, s.server.login(expired)))
	s.start(h, forSilent)
	return s
}

func (s *scene) start(h hold, forSilent time.Duration) {
	s.Helper()
	s.others = child{Redis: s.front.addr, URL: s.server.url, Lapse: shortLapse, Patience: forSilent}.fleet(s, crowd)
	s.holder = child{Redis: s.own.addr, URL: s.server.url, Lapse: shortLapse, Hold: h}.launch(s)
	s.holder.await(s, "ready", time.Minute)
	s.holder.tell("renew " + patience.String())
	s.holder.await(s, "holding", time.Minute)
	s.others.begin()
	time.Sleep(500 * time.Millisecond)
}

// outcome is what all processes have seen in the end.
type outcome struct{ requests, forced, ok, failed int }

// outcome waits for all but the dead.
func (s *scene) outcome(all fleet) outcome {
	s.Helper()
	var o outcome
	for _, p := range all {
		line := p.await(s, "", patience+10*time.Second)
		switch word, _, _ := strings.Cut(line, " "); word {
		case "ok":
			o.ok++
		case "forced":
		default:
			o.failed++
			s.Logf("process %d: %s", p.Process.Pid, line)
		}
	}
	o.requests, o.forced = s.server.counts()
	return o
}

// want checks that the others were served, and how many logins a person has to repeat.
func (s *scene) want(name string, all fleet, forced int, start time.Time) {
	s.Helper()
	o := s.outcome(all)
	s.Logf("%-58s %2d requests, %d forced logins, %d of %d processes served, after %.1f s",
		name, o.requests, o.forced, o.ok, len(all), time.Since(start).Seconds())
	if o.forced != forced || o.failed > 0 || forced == 0 && o.ok != len(all) {
		s.Errorf("%s: %+v, want %d forced logins", name, o, forced)
	}
	if forced > 0 {
		return
	}
	eventually(s, patience, func() error { return s.server.good(s, storeAt(s, s.redis.addr)) })
}

// A process that is killed while it renews costs a login only between the answer of a server
// without grace and the store.
func TestAHolderThatIsKilledCostsALoginOnlyBetweenAnswerAndStore(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		hold   hold
		grace  bool
		forced int
	}{
		"kill -9 before the request":                         {beforeRequest, false, 0},
		"kill -9 between answer and store":                   {answered, false, 1},
		"kill -9 between answer and store, server has grace": {answered, true, 0},
		"kill -9 after the store":                            {stored, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := at(t, c.hold, c.grace)
			start := time.Now()
			must(t, s.holder.Process.Kill())
			s.want(name, s.others, c.forced, start)
		})
	}
}

// A process that is suspended past the lapse costs no login: the others wait for it. Where they
// do not, it overwrites nothing when it goes on, and sends no refresh token that another may
// have sent.
func TestAHolderThatIsSuspendedPastTheLapse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		hold     hold
		grace    bool
		patience time.Duration
		forced   int
	}{
		"SIGSTOP before the request":                              {locked, false, usual, 0},
		"SIGSTOP while the request is on its way":                 {beforeRequest, false, usual, 0},
		"SIGSTOP between answer and store":                        {answered, false, usual, 0},
		"SIGSTOP after the store":                                 {stored, false, usual, 0},
		"SIGSTOP before the request, no patience":                 {locked, false, none, 0},
		"SIGSTOP between answer and store, no patience":           {answered, false, none, 1},
		"SIGSTOP while the request is on its way, no need of any": {beforeRequest, true, none, 0},
		"SIGSTOP between answer and store, no need of any":        {answered, true, none, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := atWith(t, c.hold, c.grace, c.patience)
			before, _ := s.server.counts()
			start := time.Now()
			s.holder.signal(t, syscall.SIGSTOP)
			time.Sleep(shortLapse + 2*time.Second)
			if c.patience == none { // one of the others has the lease now
				eventually(t, patience, func() error {
					now, _ := s.server.counts()
					return wantf(now > before, "%d requests", now)
				})
			}
			s.holder.signal(t, syscall.SIGCONT)
			all := append(fleet{s.holder}, s.others...)
			s.want(name, all, c.forced, start)
		})
	}
}

// A machine that has vanished keeps its connection, as far as Redis knows. The others wait as
// long as they have patience, and go on then.
func TestAHolderThatVanishesIsNotWaitedForForEver(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		grace  bool
		forced int
	}{
		"machine lost between answer and store":                   {false, 1},
		"machine lost between answer and store, server has grace": {true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const forSilent = 4 * time.Second
			s := atWith(t, answered, c.grace, forSilent)
			start := time.Now()
			s.own.cutRequests.Store(true) // and with them the end of the connections
			must(t, s.holder.Process.Kill())
			s.want(name, s.others, c.forced, start)
			if took := time.Since(start); took < forSilent {
				t.Errorf("the others went on after %v, and have a patience of %v", took, forSilent)
			}
		})
	}
}

// Redis ends and comes back while a renewal is under way, with what it had or with nothing.
func TestRedisRestartsDuringARenewal(t *testing.T) {
	t.Parallel()
	aof := []string{"--appendonly", "yes", "--appendfsync", "everysec"}
	for name, c := range map[string]struct {
		hold hold
		args []string
	}{
		"Redis killed and restarted (AOF) before the request":   {beforeRequest, aof},
		"Redis killed and restarted (AOF) before the store":     {answered, aof},
		"Redis killed and restarted (AOF) after the store":      {stored, aof},
		"Redis killed and restarted (empty) before the request": {beforeRequest, nil},
		"Redis killed and restarted (empty) before the store":   {answered, nil},
		"Redis killed and restarted (empty) after the store":    {stored, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := at(t, c.hold, false, c.args...)
			time.Sleep(time.Second) // for appendfsync
			start := time.Now()
			s.redis.kill()
			s.holder.resume(t)
			time.Sleep(shortLapse + time.Second)
			s.redis.start(t)
			s.want(name, append(fleet{s.holder}, s.others...), 0, start)
		})
	}
}

// The network between Redis and the holder is cut in one direction.
func TestTheNetworkOfTheHolderIsCutInOneDirection(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		hold    hold
		cut     time.Duration
		answers bool
		forced  int
	}{
		"answers of Redis cut for 1 s before the store":            {answered, time.Second, true, 0},
		"commands to Redis cut for 1 s before the store":           {answered, time.Second, false, 0},
		"answers of Redis cut past the lapse, before the request":  {locked, shortLapse + 3*time.Second, true, 0},
		"commands to Redis cut past the lapse, before the request": {locked, shortLapse + 3*time.Second, false, 0},
		"answers of Redis cut past the lapse, before the store":    {answered, shortLapse + 3*time.Second, true, 0},
		"commands to Redis cut past the lapse, before the store":   {answered, shortLapse + 3*time.Second, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := at(t, c.hold, false)
			start := time.Now()
			cut := &s.own.cutRequests
			if c.answers {
				cut = &s.own.cutAnswers
			}
			cut.Store(true)
			if c.hold == answered {
				s.holder.resume(t)
				time.Sleep(c.cut)
			} else {
				time.Sleep(c.cut)
				s.holder.resume(t)
			}
			cut.Store(false)
			s.want(name, append(fleet{s.holder}, s.others...), c.forced, start)
		})
	}
}

// A replica takes over that lacks the last writes.
func TestAFailoverForgetsTheLastWrites(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lacks  string
		dies   bool // the holder, at the same moment
		forced int
	}{
		"failover: the replica lacks the release":                            {"release", false, 0},
		"failover: the replica lacks the store":                              {"store", false, 0},
		"failover: the replica lacks the whole renewal":                      {"all", false, 0},
		"failover: the replica lacks the store, and the holder dies with it": {"store", true, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &scene{T: t, redis: newServer(t), server: newRotation(t, false)}
			link := newProxy(t, s.redis.addr)
			host, port, _ := strings.Cut(link.addr, ":")
			replica := newServer(t, "--replicaof", host+" "+port)
			replica.awaitLink(t)
			s.front = newProxy(t, s.redis.addr)
			s.own = s.front
			must(t, s.redis.store(t).Store(t.Context(), key, s.server.login(expired)))
			replica.awaitAll(t, s.redis)
			where := map[string]hold{"release": stored, "store": answered, "all": locked}[c.lacks]
			if c.lacks == "all" {
				link.cutAnswers.Store(true)
			}
			s.holder = child{Redis: s.own.addr, URL: s.server.url, Lapse: shortLapse, Hold: where}.launch(t)
			s.holder.await(t, "ready", time.Minute)
			s.others = child{Redis: s.front.addr, URL: s.server.url, Lapse: shortLapse}.fleet(t, crowd)
			s.holder.tell("renew " + patience.String())
			s.holder.await(t, "holding", time.Minute)
			if c.lacks != "all" {
				replica.awaitAll(t, s.redis)
			}
			link.cutAnswers.Store(true)
			s.holder.resume(t)
			s.holder.await(t, "ok", time.Minute)
			start := time.Now()
			s.redis.kill()
			if c.dies {
				must(t, s.holder.Process.Kill())
			}
			link.redirect("127.0.0.1:1")
			must(t, replica.client(t).ReplicaOf(t.Context(), "NO", "ONE").Err())
			s.front.redirect(replica.addr)
			s.redis = replica
			s.others.begin() // they have seen nothing of the login before
			s.want(name, s.others, c.forced, start)
		})
	}
}

// awaitAll waits until a replica has all that its master has written.
func (s *server) awaitAll(tb testing.TB, master *server) {
	tb.Helper()
	at, own := master.client(tb), s.client(tb)
	eventually(tb, patience, func() error {
		want, err := offset(tb, at, "master_repl_offset:")
		have, also := offset(tb, own, "slave_repl_offset:")
		if err := errors.Join(err, also); err != nil || have >= want {
			return err
		}
		return fmt.Errorf("the replica is at %d of %d", have, want)
	})
}

// offset reads how far replication is.
func offset(tb testing.TB, c *redis.Client, name string) (int64, error) {
	tb.Helper()
	info, err := c.Info(tb.Context(), "replication").Result()
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(info, name)
	text, _, _ := strings.Cut(rest, "\r\n")
	return strconv.ParseInt(text, 10, 64)
}

func (s *server) awaitLink(tb testing.TB) {
	tb.Helper()
	c := s.client(tb)
	eventually(tb, patience, func() error {
		info, err := c.Info(tb.Context(), "replication").Result()
		if err != nil {
			return err
		}
		return wantf(strings.Contains(info, "master_link_status:up"), "%s", info)
	})
}

// Redis is away past the end of the token: calls fail, and no refresh token is sent. When it
// is back, one is.
func TestWithoutRedisNoRefreshTokenIsSent(t *testing.T) {
	t.Parallel()
	s, r := newServer(t, "--appendonly", "yes", "--appendfsync", "always"), newRotation(t, false)
	store := s.store(t)
	n := fleetSize(t, 20)
	all := child{Redis: s.addr, URL: r.url, Lapse: shortLapse}.fleet(t, n)
	const life = 25 * time.Second // all have read it by then
	must(t, store.Store(t.Context(), key, r.login(life)))
	end := time.Now().Add(life)
	use := func(limit time.Duration, want string) {
		t.Helper()
		for _, p := range all {
			p.tell("use " + limit.String())
		}
		for _, p := range all {
			p.await(t, want, limit+time.Minute)
		}
	}
	use(patience, "ok access-0")
	s.kill()
	time.Sleep(time.Until(end.Add(time.Second)))
	use(5*time.Second, "failed")
	if requests, forced := r.counts(); requests != 0 || forced != 0 {
		t.Errorf("without Redis: %d requests, %d forced logins; want 0, 0", requests, forced)
	}
	start := time.Now()
	s.start(t)
	use(patience, "ok access-1")
	t.Logf("%d processes served %v after Redis was back", n, time.Since(start))
	if requests, forced := r.counts(); requests != 1 || forced != 0 {
		t.Errorf("in the end: %d requests, %d forced logins; want 1, 0", requests, forced)
	}
	if err := r.good(t, store); err != nil {
		t.Error(err)
	}
	all.end(t)
}
