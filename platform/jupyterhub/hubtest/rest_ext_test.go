package hubtest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jetway-go/jetway/platform/jupyterhub/hubtest"
)

// One request after the other, each with the answer of a real hub.
func TestTheRESTAPIAnswersAsARealHub(t *testing.T) {
	t.Parallel()
	h, v := start(t, hubtest.Config{NamedServers: true})
	admin := "token " + h.AddService(hubtest.Service{Name: "admin", Admin: true})
	own := "token " + h.IssueToken("alice", 0, "read:users!user=alice", "servers!user=alice", "read:servers!user=alice")
	for n, tt := range []struct {
		method, path, authorization, body string
		code                              int
		text                              string
	}{
		{"GET", "/info", admin, "", 200, `"spawner"`},
		{"GET", "/users", own, "", 403, "requires any of [list:users]"},
		{"GET", "/users", "token unknown", "", 403, "requires any of [list:users]"},
		{"GET", "/users?state=odd", admin, "", 400, "Unrecognized state filter"},
		{"GET", "/users?limit=x", admin, "", 400, "integers"},
		{"POST", "/users", admin, `{"usernames":["bob","alice"]}`, 201, `"bob"`},
		{"POST", "/users", admin, `{"usernames":["bob","alice"]}`, 409, "already exist"},
		{"POST", "/users", admin, `{"usernames":[]}`, 400, "at least one"},
		{"POST", "/users", admin, `{`, 400, "Invalid JSON"},
		{"POST", "/users/bob", admin, "", 409, "already exists"},
		{"PATCH", "/users/bob", admin, `{"admin":true}`, 200, `"admin":true`},
		{"PATCH", "/users/bob", admin, `{"name":"alice"}`, 400, "must be unique"},
		{"GET", "/users/alice", own, "", 200, `"servers":{}`},
		{"GET", "/users/bob", own, "", 404, "No access to resources or resources not found"},
		{"GET", "/users/zoe", admin, "", 404, ""},
		{"DELETE", "/users/bob", own, "", 403, "requires any of [delete:users]"},
		{"DELETE", "/users/bob", admin, "", 204, ""},

		{"GET", "/users/alice/server/progress", own, "", 404, ""},
		{"DELETE", "/users/alice/server", own, "", 204, ""},
		{"DELETE", "/users/alice/servers/x", own, "", 404, "no server named 'x'"},
		{"POST", "/users/alice/server", own, `{"a":1}`, 201, ""},
		{"POST", "/users/alice/server", own, "", 400, "alice is already running"},
		{"GET", "/users/alice", own, "", 200, `"user_options":{"a":1}`},
		{"GET", "/users/alice/server/progress", own, "", 200, `"ready":true`},
		{"DELETE", "/users/alice/server", own, `{"remove":true}`, 400, "Cannot delete default server"},
		{"DELETE", "/users/alice/server", own, "", 204, ""},
		{"GET", "/users/alice", own, "", 200, `"servers":{}`},
		{"GET", "/users/alice?include_stopped_servers=1", own, "", 200, `"stopped":true`},
		{"GET", "/users/alice/server/progress", own, "", 400, "alice is not starting..."},
		{"POST", "/users/alice/servers/x", own, "", 201, ""},
		{"DELETE", "/users/alice/servers/x", own, `{"remove":true}`, 204, ""},
		{"GET", "/users/alice/servers/x/progress", own, "", 404, ""},

		{"GET", "/users/alice/tokens", own, "", 403, "requires any of [read:tokens]"},
		{"POST", "/users/alice/tokens", admin, `{"scopes":["admin:users"]}`, 400, "admin:users"},
		{"POST", "/users/alice/tokens", admin, `{"note":"n"}`, 201, `"token":`},
		{"GET", "/users/alice/tokens", admin, "", 200, `"api_tokens":[{`},
		{"GET", "/users/alice/tokens/none", admin, "", 404, ""},

		{"POST", "/users/alice/activity", admin, `{"last_activity":"2020-01-01T00:00:00Z"}`, 200, ""},
		{"POST", "/users/alice/activity", admin, `{"last_activity":"2999-01-01T00:00:00Z"}`, 400, "future"},
		{"POST", "/users/alice/activity", admin, `{"servers":{"no":{"last_activity":"2020-01-01T00:00:00Z"}}}`, 400, "No such server"},

		{"GET", "/groups", admin, "", 200, `"serenity"`},
		{"POST", "/groups/g", admin, "", 201, `"users":[]`},
		{"POST", "/groups/g", admin, "", 409, ""},
		{"POST", "/groups/g/users", admin, `{"users":["stranger"]}`, 400, "No such user: stranger"},
		{"POST", "/groups/g/users", admin, `{"users":["alice"]}`, 200, `"users":["alice"]`},
		{"DELETE", "/groups/g", admin, "", 204, ""},
		{"GET", "/groups/g", admin, "", 404, ""},
		{"GET", "/services", admin, "", 200, `{"admin":{`},
		{"GET", "/services/none", admin, "", 404, ""},
	} {
		got := v.do(tt.method, h.APIURL()+tt.path, tt.body, "Authorization", tt.authorization)
		if got.code != tt.code || !strings.Contains(got.body, tt.text) {
			t.Errorf("%d. %s %s: %d %s, want %d %s", n, tt.method, tt.path, got.code, got.body, tt.code, tt.text)
		}
	}
}

func TestListsArePagedForThoseWhoAcceptIt(t *testing.T) {
	t.Parallel()
	h, v := start(t, hubtest.Config{})
	admin := "token " + h.AddService(hubtest.Service{Name: "admin", Admin: true})
	for n := range 300 {
		h.AddUser(hubtest.User{Name: fmt.Sprintf("u%d", n)})
	}
	for _, tt := range []struct {
		accept, query string
		names         int
		text          string
	}{
		{"application/json", "", 200, ""}, // cut, and nothing says so
		{"application/jupyterhub-pagination+json", "", 50, `"total":301`},
		{"application/jupyterhub-pagination+json,application/json", "?limit=1000", 200, `"next":{"limit":200,"offset":200,`},
		{"application/jupyterhub-pagination+json", "?limit=0", 1, `"limit":1`},
		{"application/jupyterhub-pagination+json", "?offset=300", 1, `"next":null`},
		{"application/jupyterhub-pagination+json;q=0.9", "", 200, ""},
	} {
		got := v.do("GET", h.APIURL()+"/users"+tt.query, "", "Authorization", admin, "Accept", tt.accept)
		if names := strings.Count(got.body, `"name":`); got.code != 200 || names != tt.names || !strings.Contains(got.body, tt.text) {
			t.Errorf("%s %s: %d with %d users, want %d and %s", tt.accept, tt.query, got.code, names, tt.names, tt.text)
		}
	}
}

func TestAServerStartsFailsAndIsBusyAsItIsTold(t *testing.T) {
	t.Parallel()
	h, v := start(t, hubtest.Config{})
	admin := "token " + h.AddService(hubtest.Service{Name: "admin", Admin: true})
	server := h.APIURL() + "/users/alice/server"
	do := func(method, at string) answer { return v.do(method, at, "", "Authorization", admin) }

	if got := do("POST", h.APIURL()+"/users/alice/servers/x"); got.code != 400 || !strings.Contains(got.body, "not enabled") {
		t.Errorf("a named one: %d %s", got.code, got.body)
	}
	h.SetSpawn(hubtest.Spawn{Busy: 1, RetryAfter: time.Second, Takes: 50 * time.Millisecond, Steps: []string{"step"}, Stopping: time.Minute})
	if got := do("POST", server); got.code != 429 {
		t.Errorf("busy: %d %s", got.code, got.body)
	}
	for range 2 {
		if got := do("POST", server); got.code != 202 {
			t.Errorf("slow: %d %s", got.code, got.body)
		}
	}
	if got := do("DELETE", server); got.code != 400 || !strings.Contains(got.body, "is pending spawn, please wait") {
		t.Errorf("stopped while it starts: %d %s", got.code, got.body)
	}
	got := do("GET", server+"/progress")
	if !strings.HasPrefix(got.body, "\n\n") || strings.Count(got.body, "data: ") != 4 || !strings.Contains(got.body, `"step"`) ||
		!strings.HasSuffix(got.body, `"url":"/user/alice/"}`+"\n\n") {
		t.Errorf("progress: %q", got.body)
	}
	if got := do("DELETE", server); got.code != 202 {
		t.Errorf("slowly stopped: %d %s", got.code, got.body)
	}
	h.SetSpawn(hubtest.Spawn{Fail: "no node"})
	h.AddUser(hubtest.User{Name: "bob"})
	server = h.APIURL() + "/users/bob/server"
	if got := do("POST", server); got.code != 500 || !strings.Contains(got.body, "no node") {
		t.Errorf("failing: %d %s", got.code, got.body)
	}
	if got := do("GET", server+"/progress"); got.code != 200 || !strings.Contains(got.body, `"failed":true`) {
		t.Errorf("failed: %d %s", got.code, got.body)
	}
}

func TestARequestToAStoppedServerIsTheHubsToAnswer(t *testing.T) {
	t.Parallel()
	h, v := start(t, hubtest.Config{})
	token := h.IssueToken("alice", 0, "access:servers!user=alice", "servers!user=alice")
	other := h.IssueToken("alice", 0)
	at := h.URL + "/user/alice/api"
	if got := v.do("GET", at, ""); got.code != 302 || got.to != "/hub/user/alice/api" {
		t.Errorf("GET: %d to %s", got.code, got.to)
	}
	if got := v.do("POST", at, ""); got.code != 405 {
		t.Errorf("POST: %d", got.code)
	}
	for accept, want := range map[string]int{"": 500, "application/json": 424, "text/html": 424} {
		if got := v.do("GET", h.URL+"/hub/user/alice/lab", "", "Accept", accept); got.code != want {
			t.Errorf("Accept %q: %d, want %d", accept, got.code, want)
		}
	}
	if got := v.do("POST", h.APIURL()+"/users/alice/server", "", "Authorization", "token "+token); got.code != http.StatusCreated {
		t.Fatalf("%d %s", got.code, got.body)
	}
	for text, want := range map[string]int{token: 200, other: 403, "x": 403} {
		if got := v.do("GET", at, "", "Authorization", "token "+text); got.code != want {
			t.Errorf("%d, want %d", got.code, want)
		}
	}
}
