package jupyterhub_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/platform/jupyterhub"
	"github.com/jetway-go/jetway/platform/jupyterhub/hubtest"
)

// operator is a hub with named servers and a client for its API with every right.
func operator(t *testing.T) (*hubtest.Server, *jupyterhub.Client) {
	t.Helper()
	h, _ := start(t, hubtest.Config{NamedServers: true, BaseURL: "/jupyter"})
	return h, apiAs(t, h, h.AddService(hubtest.Service{Name: "operator", Admin: true}))
}

// apiAs is a client for the API of h with a token.
func apiAs(t *testing.T, h *hubtest.Server, token string, opts ...clientset.Option) *jupyterhub.Client {
	t.Helper()
	return apiWith(t, h, flow.SecretValue(token), opts...)
}

func apiWith(t *testing.T, h *hubtest.Server, token flow.Secret, opts ...clientset.Option) *jupyterhub.Client {
	t.Helper()
	cs := made(t, jupyterhub.Resolver{Config: jupyterhub.Config{APIURL: h.APIURL(), APIToken: token, LookupEnv: env(nil)}}, opts...)
	return jupyterhub.NewClient(cs.HTTPClient(), cs.HTTPURL(""))
}

// refused fails the test unless err is an APIError with a sentinel, a status and a text.
func refused(t *testing.T, err, sentinel error, status int, parts ...string) {
	t.Helper()
	e, ok := errors.AsType[*jupyterhub.APIError](err)
	if !ok || !errors.Is(err, sentinel) || e.Status != status {
		t.Errorf("%v, want an APIError of %q with status %d", err, sentinel, status)
		return
	}
	contains(t, err.Error(), parts...)
}

func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestJupyterHubRow09_TheHubAndItsUsers(t *testing.T) {
	t.Parallel()
	// Given a hub with users alice, bob and zoe ...
	_, c := operator(t)
	ctx := soon(t)
	// ... when an operator asks, then the hub says what it is and who asks.
	version, err := c.Version(ctx)
	info, infoErr := c.Info(ctx)
	if err != nil || infoErr != nil || version != "3.0.0" || info.Version != version || info.Spawner.Class == "" {
		t.Errorf("%q, %+v, %v, %v", version, info, err, infoErr)
	}
	if me, err := c.Self(ctx); err != nil || me.Name != "operator" || me.Kind != "service" || !me.Admin {
		t.Errorf("%+v, %v", me, err)
	}
	// Users are made, read, changed and deleted, whatever is in their names.
	const odd = "a/b c?d%2F"
	u, err := c.CreateUser(ctx, odd, false)
	if err != nil || u.Name != odd || u.Admin || u.Created.IsZero() {
		t.Errorf("%+v, %v", u, err)
	}
	_, err = c.CreateUser(ctx, odd, false)
	refused(t, err, jupyterhub.ErrExists, http.StatusConflict, "create user "+odd, "already exists")
	yes := true
	if u, err = c.ModifyUser(ctx, odd, jupyterhub.UserChange{Name: "eve", Admin: &yes}); err != nil || u.Name != "eve" || !u.Admin {
		t.Errorf("%+v, %v", u, err)
	}
	if err := c.DeleteUser(ctx, "eve"); err != nil {
		t.Error(err)
	}
	_, err = c.User(ctx, "eve")
	refused(t, err, jupyterhub.ErrNotFound, http.StatusNotFound, "get user eve")
	// Of many names those are returned that are new; all old is a conflict.
	news, err := c.CreateUsers(ctx, false, "alice", "mal")
	if err != nil || len(news) != 1 || news[0].Name != "mal" {
		t.Errorf("%+v, %v", news, err)
	}
	_, err = c.CreateUsers(ctx, false, "alice", "mal")
	refused(t, err, jupyterhub.ErrExists, http.StatusConflict)
	// A name that would be another resource is not sent.
	for _, name := range []string{"", ".", ".."} {
		_, err := c.User(ctx, name)
		refused(t, err, jupyterhub.ErrBadRequest, 0)
	}
}

func TestJupyterHubRow09_UsersComeInPagesByOffset(t *testing.T) {
	t.Parallel()
	h, c := operator(t)
	ctx := soon(t)
	var want []string
	for n := range 450 {
		want = append(want, fmt.Sprintf("u%03d", n))
		h.AddUser(hubtest.User{Name: want[n]})
	}
	for _, size := range []int{0, 7, 200, 1000} { // the hub sends 200 at most
		var got []string
		for u, err := range c.Users(ctx, jupyterhub.UserFilter{Name: "u", PageSize: size}) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, u.Name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("pages of %d: %d users, want %d in order", size, len(got), len(want))
		}
	}
	n := len(h.Requests())
	for _, err := range c.Users(ctx, jupyterhub.UserFilter{}) {
		if err != nil {
			t.Error(err)
		}
		break
	}
	if more := len(h.Requests()) - n; more != 1 {
		t.Errorf("a loop that ends early made %d requests, want 1", more)
	}
	if _, err := c.StartServer(ctx, "u007", "", nil); err != nil {
		t.Fatal(err)
	}
	for u, err := range c.Users(ctx, jupyterhub.UserFilter{State: "ready"}) {
		if err != nil || u.Name != "u007" {
			t.Errorf("ready: %s, %v", u.Name, err)
		}
	}
	for _, err := range c.Users(ctx, jupyterhub.UserFilter{State: "odd"}) {
		refused(t, err, jupyterhub.ErrBadRequest, http.StatusBadRequest, "Unrecognized state filter: 'odd'")
	}
}

func TestJupyterHubRow09_GroupsServicesAndActivity(t *testing.T) {
	t.Parallel()
	_, c := operator(t)
	ctx := soon(t)
	if g, err := c.CreateGroup(ctx, "guild"); err != nil || g.Name != "guild" || len(g.Users) != 0 {
		t.Errorf("%+v, %v", g, err)
	}
	if g, err := c.AddToGroup(ctx, "guild", "alice", "bob"); err != nil || !slices.Equal(g.Users, []string{"alice", "bob"}) {
		t.Errorf("%+v, %v", g, err)
	}
	_, err := c.AddToGroup(ctx, "guild", "stranger")
	refused(t, err, jupyterhub.ErrBadRequest, http.StatusBadRequest, "add to group guild", "No such user: stranger")
	if g, err := c.RemoveFromGroup(ctx, "guild", "alice"); err != nil || !slices.Equal(g.Users, []string{"bob"}) {
		t.Errorf("%+v, %v", g, err)
	}
	var names []string
	for g, err := range c.Groups(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, g.Name)
	}
	if !slices.Equal(names, []string{"serenity", "guild"}) {
		t.Errorf("groups %q", names)
	}
	if err := c.DeleteGroup(ctx, "guild"); err != nil {
		t.Error(err)
	}
	_, err = c.Group(ctx, "guild")
	refused(t, err, jupyterhub.ErrNotFound, http.StatusNotFound)

	all, err := c.Services(ctx)
	if err != nil || len(all) != 2 || all["svc"].Name != "svc" || !all["operator"].Admin {
		t.Errorf("%+v, %v", all, err)
	}
	if s, err := c.Service(ctx, "svc"); err != nil || s.Name != "svc" {
		t.Errorf("%+v, %v", s, err)
	}

	at := time.Now().Add(-time.Minute).Truncate(time.Microsecond)
	if err := c.ReportActivity(ctx, "alice", at, nil); err != nil {
		t.Fatal(err)
	}
	if u, err := c.User(ctx, "alice"); err != nil || !u.LastActivity.Equal(at) {
		t.Errorf("%v, %v, want %v", u.LastActivity, err, at)
	}
	refused(t, c.ReportActivity(ctx, "alice", at, map[string]time.Time{"no": at}), jupyterhub.ErrBadRequest, http.StatusBadRequest, "No such server")
}

func TestJupyterHubRow10_TokensAreCreatedListedAndRevoked(t *testing.T) {
	t.Parallel()
	h, c := operator(t)
	ctx := soon(t)
	made, err := c.CreateToken(ctx, "alice", jupyterhub.TokenOptions{
		Note: "nightly", Lifetime: 90*time.Minute - time.Millisecond, Scopes: []string{"read:servers!user=alice", "servers!user=alice"},
	})
	if err != nil || made.Note != "nightly" || made.User != "alice" || made.ID == "" {
		t.Fatalf("%+v, %v", made, err)
	}
	if life := time.Until(made.ExpiresAt); life < 89*time.Minute || life > 90*time.Minute {
		t.Errorf("it expires in %v", life)
	}
	// The new token works with what it may do, and with no more.
	alice := apiWith(t, h, made.Secret)
	if me, err := alice.Self(ctx); err != nil || me.Name != "alice" || !slices.Contains(me.Scopes, "servers!user=alice") {
		t.Errorf("%+v, %v", me, err)
	}
	if _, err := alice.Spawn(ctx, "alice", "", nil); err != nil {
		t.Error(err)
	}
	_, err = alice.Tokens(ctx, "alice")
	refused(t, err, jupyterhub.ErrForbidden, http.StatusForbidden, "Action is not authorized with current scopes; requires any of [read:tokens]")
	// One user does not exist for another.
	_, err = alice.User(ctx, "bob")
	refused(t, err, jupyterhub.ErrNotFound, http.StatusNotFound, "No access to resources or resources not found")

	list, err := c.Tokens(ctx, "alice")
	if err != nil || len(list) != 1 || list[0].ID != made.ID {
		t.Errorf("%+v, %v", list, err)
	}
	if one, err := c.Token(ctx, "alice", made.ID); err != nil || one.Note != "nightly" {
		t.Errorf("%+v, %v", one, err)
	}
	// The owner must hold what the token may do.
	_, err = c.CreateToken(ctx, "alice", jupyterhub.TokenOptions{Scopes: []string{"admin:users"}})
	refused(t, err, jupyterhub.ErrBadRequest, http.StatusBadRequest, "create token for alice", "admin:users")
	// An empty list is not the hub's default, a token that may do everything.
	_, err = c.CreateToken(ctx, "alice", jupyterhub.TokenOptions{Scopes: []string{}})
	refused(t, err, jupyterhub.ErrBadRequest, 0, "empty")

	if err := c.RevokeToken(ctx, "alice", made.ID); err != nil {
		t.Fatal(err)
	}
	refused(t, c.RevokeToken(ctx, "alice", made.ID), jupyterhub.ErrNotFound, http.StatusNotFound)
	_, err = alice.Self(ctx)
	refused(t, err, jupyterhub.ErrTokenRejected, http.StatusForbidden, "Forbidden")
}
