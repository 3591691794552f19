package hub_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/platform/jupyterhub"
)

// counting counts the requests for the token's own user.
type counting struct {
	http.Transport

	own atomic.Int64
}

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/hub/api/user") {
		c.own.Add(1)
	}
	return c.Transport.RoundTrip(r)
}

// client is a client for the hub's API with a token.
func (h *hub) client(t *testing.T, token flow.Secret) (*jupyterhub.Client, *counting) {
	t.Helper()
	sent := &counting{}
	set, err := clientset.For(t.Context(), jupyterhub.Resolver{
		Config: jupyterhub.Config{APIURL: h.api(), APIToken: token, LookupEnv: nothing},
	}, clientset.WithHTTPClient(&http.Client{Transport: sent}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		sent.CloseIdleConnections()
		if err := set.Close(); err != nil {
			t.Error(err)
		}
	})
	return jupyterhub.NewClient(set.HTTPClient(), set.HTTPURL("")), sent
}

func (h *hub) boss(t *testing.T) *jupyterhub.Client {
	t.Helper()
	c, _ := h.client(t, flow.SecretValue(h.BossToken))
	return c
}

func limited(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	t.Cleanup(cancel)
	return ctx
}

// mustRefuse fails the test unless the hub refused with this status, for this reason.
func mustRefuse(t *testing.T, err, reason error, status int) {
	t.Helper()
	if e, ok := errors.AsType[*jupyterhub.APIError](err); !ok || !errors.Is(err, reason) || e.Status != status {
		t.Errorf("%v, want %v with status %d", err, reason, status)
		return
	}
	t.Log(err)
}

func apiUsers(t *testing.T, h *hub) {
	c, ctx := h.boss(t), limited(t)
	info, err := c.Info(ctx)
	version, versionErr := c.Version(ctx)
	if err != nil || versionErr != nil || info.Version != version || info.Spawner.Class == "" || info.Authenticator.Class == "" {
		t.Errorf("%+v, %q, %v, %v", info, version, err, versionErr)
	}
	if me, err := c.Self(ctx); err != nil || me.Name != "boss" || me.Kind != "service" || len(me.Scopes) == 0 {
		t.Errorf("%+v, %v", me, err)
	}
	made, err := c.CreateUsers(ctx, false, "kaylee", "alice", "wash")
	if err != nil || len(made) != 2 {
		t.Errorf("%+v, %v", made, err)
	}
	_, err = c.CreateUsers(ctx, false, "kaylee", "wash")
	mustRefuse(t, err, jupyterhub.ErrExists, http.StatusConflict)
	var names []string
	for u, err := range c.Users(ctx, jupyterhub.UserFilter{PageSize: 2}) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, u.Name)
	}
	for _, want := range []string{"alice", "bob", "kaylee", "wash"} {
		if !slices.Contains(names, want) {
			t.Errorf("the users are %q, without %s", names, want)
		}
	}
	for _, err := range c.Users(ctx, jupyterhub.UserFilter{State: "odd"}) {
		mustRefuse(t, err, jupyterhub.ErrBadRequest, http.StatusBadRequest)
	}
	yes := true
	if u, err := c.ModifyUser(ctx, "wash", jupyterhub.UserChange{Name: "hoban washburne", Admin: &yes}); err != nil || !u.Admin || u.Name != "hoban washburne" {
		t.Errorf("%+v, %v", u, err)
	}
	if u, err := c.User(ctx, "hoban washburne"); err != nil || !u.Admin || u.Created.IsZero() {
		t.Errorf("%+v, %v", u, err)
	}
	if err := c.ReportActivity(ctx, "kaylee", time.Now(), nil); err != nil {
		t.Error(err)
	}
	mustRefuse(t, c.ReportActivity(ctx, "kaylee", time.Now().Add(2*time.Hour), nil), jupyterhub.ErrBadRequest, http.StatusBadRequest)
	if g, err := c.CreateGroup(ctx, "guild"); err != nil || g.Name != "guild" {
		t.Errorf("%+v, %v", g, err)
	}
	if g, err := c.AddToGroup(ctx, "guild", "kaylee"); err != nil || !slices.Equal(g.Users, []string{"kaylee"}) {
		t.Errorf("%+v, %v", g, err)
	}
	_, err = c.AddToGroup(ctx, "guild", "stranger")
	mustRefuse(t, err, jupyterhub.ErrBadRequest, http.StatusBadRequest)
	groups := 0
	for g, err := range c.Groups(ctx) {
		if err != nil || g.Name == "" {
			t.Errorf("%+v, %v", g, err)
		}
		groups++
	}
	if groups < 2 {
		t.Errorf("%d groups, want guild and serenity", groups)
	}
	if g, err := c.RemoveFromGroup(ctx, "guild", "kaylee"); err != nil || len(g.Users) != 0 {
		t.Errorf("%+v, %v", g, err)
	}
	if err := errors.Join(c.DeleteGroup(ctx, "guild"), c.DeleteUser(ctx, "kaylee"), c.DeleteUser(ctx, "hoban washburne")); err != nil {
		t.Error(err)
	}
	_, err = c.User(ctx, "kaylee")
	mustRefuse(t, err, jupyterhub.ErrNotFound, http.StatusNotFound)
	all, err := c.Services(ctx)
	if err != nil || all["whoami"].PID == 0 || !all["boss"].Admin {
		t.Errorf("%+v, %v", all, err)
	}
	if s, err := c.Service(ctx, "whoami"); err != nil || s.Prefix == "" || len(s.Command) == 0 {
		t.Errorf("%+v, %v", s, err)
	}
}

func apiTokens(t *testing.T, h *hub) {
	c, ctx := h.boss(t), limited(t)
	made, err := c.CreateToken(ctx, "alice", jupyterhub.TokenOptions{Note: "api", Lifetime: time.Hour, Scopes: []string{"read:servers!user=alice"}})
	if err != nil || made.ID == "" || made.Note != "api" || time.Until(made.ExpiresAt) < 50*time.Minute {
		t.Fatalf("%+v, %v", made, err)
	}
	own, _ := h.client(t, made.Secret)
	if me, err := own.Self(ctx); err != nil || me.Name != "alice" {
		t.Errorf("%+v, %v", me, err)
	}
	_, err = own.Tokens(ctx, "alice")
	mustRefuse(t, err, jupyterhub.ErrForbidden, http.StatusForbidden)
	_, err = own.User(ctx, "bob")
	mustRefuse(t, err, jupyterhub.ErrNotFound, http.StatusNotFound)
	if one, err := c.Token(ctx, "alice", made.ID); err != nil || one.Note != "api" || !slices.Contains(one.Scopes, "read:servers!user=alice") {
		t.Errorf("%+v, %v", one, err)
	}
	list, err := c.Tokens(ctx, "alice")
	if err != nil || !slices.ContainsFunc(list, func(one jupyterhub.TokenModel) bool { return one.ID == made.ID && one.User == "alice" }) {
		t.Errorf("%+v, %v", list, err)
	}
	_, err = c.CreateToken(ctx, "alice", jupyterhub.TokenOptions{Scopes: []string{"admin:users"}})
	mustRefuse(t, err, jupyterhub.ErrBadRequest, http.StatusBadRequest)
	if err := c.RevokeToken(ctx, "alice", made.ID); err != nil {
		t.Fatal(err)
	}
	mustRefuse(t, c.RevokeToken(ctx, "alice", made.ID), jupyterhub.ErrNotFound, http.StatusNotFound)
	_, err = own.Self(ctx)
	mustRefuse(t, err, jupyterhub.ErrTokenRejected, http.StatusForbidden)
}

// apiServers starts real servers, with a token of the user's.
func apiServers(t *testing.T, h *hub) {
	if _, err := exec.LookPath("jupyter-server"); err != nil {
		t.Fatalf("the servers of users need the Debian package jupyter-server: apt-get install --no-install-recommends jupyter-server, or `make integration` (%v)", err)
	}
	ctx := limited(t)
	made, err := h.boss(t).CreateToken(ctx, "carol", jupyterhub.TokenOptions{Note: "servers"})
	if err != nil {
		t.Fatal(err)
	}
	c, _ := h.client(t, made.Secret)
	for _, server := range []string{"", "second"} {
		for _, err := range c.Progress(ctx, "carol", server) {
			mustRefuse(t, err, jupyterhub.ErrNotFound, http.StatusNotFound)
		}
		ready, err := c.StartServer(ctx, "carol", server, map[string]string{"image": "lab"})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("server %q: ready %v", server, ready)
		last := jupyterhub.Progress{}
		for p, err := range c.Progress(ctx, "carol", server) {
			if err != nil {
				t.Fatal(err)
			}
			last = p
		}
		if !last.Ready || last.Percent != 100 || !strings.Contains(last.URL, "/user/carol/") {
			t.Errorf("the last step is %+v", last)
		}
		var options struct{ Image string }
		s, err := c.Server(ctx, "carol", server)
		if err != nil || !s.Ready || s.UserOptions.Decode(&options) != nil || options.Image != "lab" {
			t.Errorf("%+v, %v", s, err)
		}
		_, err = c.StartServer(ctx, "carol", server, nil)
		mustRefuse(t, err, jupyterhub.ErrBadRequest, http.StatusBadRequest)
		if code := fetch(t, http.MethodGet, h.Proxy+s.URL+"api/status", secret(t, made.Secret), nil, nil); code != http.StatusOK {
			t.Errorf("the server answers with status %d", code)
		}
		if _, err := c.StopServer(ctx, "carol", server); err != nil {
			t.Error(err)
		}
		if err := c.WaitStopped(ctx, "carol", server); err != nil {
			t.Error(err)
		}
		if stopped, err := c.StopServer(ctx, "carol", server); err != nil || !stopped {
			t.Errorf("%v, %v for a server that has stopped", stopped, err)
		}
		for _, err := range c.Progress(ctx, "carol", server) {
			mustRefuse(t, err, jupyterhub.ErrBadRequest, http.StatusBadRequest)
		}
		h.mustNotRun(t, made.Secret, s.URL)
	}
	if err := c.RemoveServer(ctx, "carol", "second"); err != nil {
		t.Error(err)
	}
	_, err = c.StopServer(ctx, "carol", "second")
	mustRefuse(t, err, jupyterhub.ErrNotFound, http.StatusNotFound)
}

// mustNotRun checks what a request to a server that has stopped is answered: in its
// place the hub redirects a GET to itself, where it says 424.
func (h *hub) mustNotRun(t *testing.T, token flow.Secret, path string) {
	t.Helper()
	set, err := clientset.ForEndpoint("", clientset.WithHTTPBase(h.Proxy, h.Hub),
		clientset.WithFlow(flow.StaticToken(secret(t, token))))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = set.Close() })
	atHub := h.Hub + strings.Replace(path, "/user/", "/hub/user/", 1)
	for _, tt := range []struct {
		method, base string
		status       int
	}{
		{http.MethodGet, h.Proxy + path, http.StatusFound},
		{http.MethodPost, h.Proxy + path, http.StatusMethodNotAllowed},
		{http.MethodGet, atHub, http.StatusFailedDependency},
		{http.MethodPost, atHub, http.StatusFailedDependency},
	} {
		err := jupyterhub.NewClient(set.HTTPClient(), tt.base).Call(t.Context(), tt.method, "api/kernels", nil, nil)
		mustRefuse(t, err, jupyterhub.ErrServerNotRunning, tt.status)
	}
}

func secret(t *testing.T, s flow.Secret) string {
	t.Helper()
	text, err := s.Read()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// apiFailedSpawn starts a server whose program ends at once.
func apiFailedSpawn(t *testing.T, h *hub) {
	c, ctx := h.boss(t), limited(t)
	_, err := c.Spawn(ctx, "dave", "", map[string]bool{"broken": true})
	if !errors.Is(err, jupyterhub.ErrSpawnFailed) {
		t.Errorf("%v, want ErrSpawnFailed", err)
	}
	t.Log(err)
	var last jupyterhub.Progress
	for p, err := range c.Progress(ctx, "dave", "") {
		last = p
		if err != nil && !errors.Is(err, jupyterhub.ErrSpawnFailed) {
			t.Errorf("%v, want ErrSpawnFailed", err)
		}
	}
	if !last.Failed || last.Ready {
		t.Errorf("the last step is %+v", last)
	}
}

// apiForbidden makes ten thousand requests that are forbidden.
func apiForbidden(t *testing.T, h *hub) {
	ctx := limited(t)
	made, err := h.boss(t).CreateToken(ctx, "bob", jupyterhub.TokenOptions{Scopes: []string{"read:users:name!user=bob"}})
	if err != nil {
		t.Fatal(err)
	}
	c, sent := h.client(t, made.Secret)
	began := time.Now()
	const workers, calls = 8, 1250
	var forbidden atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range calls {
				_, err := c.Tokens(ctx, "bob")
				if !errors.Is(err, jupyterhub.ErrForbidden) {
					t.Errorf("%v, want ErrForbidden", err)
					return
				}
				forbidden.Add(1)
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	t.Logf("%d forbidden requests in %v, %d of GET /user", forbidden.Load(), took, sent.own.Load())
	if most := int64(took/(5*time.Second)) + 2; sent.own.Load() < 1 || sent.own.Load() > most { // one in five seconds
		t.Errorf("%d of GET /user, want at most %d", sent.own.Load(), most)
	}
}

// apiRevoked revokes a token in the middle.
func apiRevoked(t *testing.T, h *hub) {
	ctx, boss := limited(t), h.boss(t)
	path := filepath.Join(t.TempDir(), "token")
	fresh := func() jupyterhub.NewToken {
		made, err := boss.CreateToken(ctx, "alice", jupyterhub.TokenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(secret(t, made.Secret)), 0o600); err != nil {
			t.Fatal(err)
		}
		return made
	}
	before := fresh()
	c, _ := h.client(t, flow.SecretFile(path))
	for range 3 {
		if _, err := c.User(ctx, "alice"); err != nil {
			t.Fatal(err)
		}
		old := before
		before = fresh()
		if err := boss.RevokeToken(ctx, "alice", old.ID); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.User(ctx, "alice"); err != nil {
		t.Fatal(err)
	}
	if err := boss.RevokeToken(ctx, "alice", before.ID); err != nil {
		t.Fatal(err)
	}
	_, err := c.User(ctx, "alice")
	mustRefuse(t, err, jupyterhub.ErrTokenRejected, http.StatusForbidden)
}
