package jupyterhub_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/internal/secrettest"
	"github.com/jetway-go/jetway/platform/jupyterhub"
	"github.com/jetway-go/jetway/platform/jupyterhub/hubtest"
)

// Every request says what it accepts, has its names escaped one by one, and its body in
// JSON.
func TestRequestsHaveAcceptAndEscapedNames(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var seen []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		accept := r.Header.Get("Accept")
		mu.Lock()
		seen = append(seen, r.Method+" "+r.RequestURI+" "+string(body))
		mu.Unlock()
		if accept == "" || strings.Contains(accept, ";") || !strings.Contains(","+accept+",", ",application/json,") {
			t.Errorf("%s %s has Accept %q", r.Method, r.URL, accept)
		}
		if (len(body) > 0) != (r.Header.Get("Content-Type") == "application/json") {
			t.Errorf("%s %s has Content-Type %q", r.Method, r.URL, r.Header.Get("Content-Type"))
		}
		w.WriteHeader(http.StatusTeapot)
	}))
	t.Cleanup(server.Close)
	c := jupyterhub.NewClient(client(t), server.URL+"/hub/api/")
	ctx := soon(t)
	const odd = "a/b ?#%"
	_, _ = c.Version(ctx)
	_, _ = c.User(ctx, odd)
	_, _ = c.StartServer(ctx, odd, odd, map[string]int{"a": 1})
	_, _ = c.StopServer(ctx, odd, "")
	_ = c.RemoveServer(ctx, odd, odd)
	_ = c.RevokeToken(ctx, odd, odd)
	_, _ = c.RemoveFromGroup(ctx, odd, odd)
	for _, err := range c.Users(ctx, jupyterhub.UserFilter{Name: odd}) {
		refused(t, err, jupyterhub.ErrAnswer, http.StatusTeapot)
	}
	for _, err := range c.Progress(ctx, odd, odd) {
		refused(t, err, jupyterhub.ErrAnswer, http.StatusTeapot)
	}
	_ = c.Call(ctx, http.MethodPost, "proxy?a=b", nil, nil)
	const name = "a%2Fb%20%3F%23%25"
	want := []string{
		"GET /hub/api/ ",
		"GET /hub/api/users/" + name + " ",
		"POST /hub/api/users/" + name + "/servers/" + name + ` {"a":1}`,
		"DELETE /hub/api/users/" + name + "/server ",
		"DELETE /hub/api/users/" + name + "/servers/" + name + ` {"remove":true}`,
		"DELETE /hub/api/users/" + name + "/tokens/" + name + " ",
		"DELETE /hub/api/groups/" + name + `/users {"users":["a/b ?#%"]}`,
		"GET /hub/api/users?limit=100&name_filter=" + url.QueryEscape(odd) + "&offset=0 ",
		"GET /hub/api/users/" + name + "/servers/" + name + "/progress ",
		"POST /hub/api/proxy?a=b ",
	}
	if got := strings.Join(seen, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("requests:\n%s\nwant:\n%s", got, strings.Join(want, "\n"))
	}
}

// What answers is not always the hub.
func TestOddAnswersAreTypedAndBounded(t *testing.T) {
	t.Parallel()
	h, c := operator(t)
	ctx := soon(t)
	endless := strings.Repeat("x", 17<<20)
	for name, tt := range map[string]struct {
		answer   hubtest.Answer
		sentinel error
		want     string
	}{
		"a login page":        {hubtest.Answer{Status: 200, ContentType: "text/html", Body: "<html>canary"}, jupyterhub.ErrAnswer, "is the base the address of the hub's API"},
		"another type":        {hubtest.Answer{Status: 200, Body: `{"name": {"canary": 1}}`}, jupyterhub.ErrAnswer, `"name"`},
		"too long":            {hubtest.Answer{Status: 200, Body: `{"name":"` + endless + `"}`}, jupyterhub.ErrAnswer, "16 MiB"},
		"a proxy's page":      {hubtest.Answer{Status: 500, ContentType: "text/html", Body: "<html>"}, jupyterhub.ErrHubFault, "500"},
		"a long refusal":      {hubtest.Answer{Status: 400, Body: `{"message":"` + endless + `"}`}, jupyterhub.ErrBadRequest, "400"},
		"a message of lines":  {hubtest.Answer{Status: 400, Body: `{"message":"one\ntwo\u001b[31m"}`}, jupyterhub.ErrBadRequest, "one two"},
		"401":                 {hubtest.Answer{Status: 401, Body: "{}"}, jupyterhub.ErrTokenRejected, ""},
		"424":                 {hubtest.Answer{Status: 424, Body: "{}"}, jupyterhub.ErrServerNotRunning, "424"},
		"to a stopped server": {hubtest.Answer{Status: 302, Header: map[string]string{"Location": "/hub/user/alice/x?y=canary"}}, jupyterhub.ErrServerNotRunning, "302"},
		"to a login": {hubtest.Answer{Status: 302, Header: map[string]string{"Location": "https://idp.example/authorize?state=canary"}},
			jupyterhub.ErrAnswer, "it redirects to https://idp.example/authorize;"},
		"to no URL": {hubtest.Answer{Status: 302, Header: map[string]string{"Location": "http://[canary"}}, nil, "redirects to an invalid address"},
	} {
		h.Answer(tt.answer)
		_, err := c.User(ctx, "alice")
		e, ok := errors.AsType[*jupyterhub.APIError](err)
		if !ok || tt.sentinel != nil && !errors.Is(err, tt.sentinel) || strings.Contains(err.Error(), "canary") || len(err.Error()) > 2000 {
			t.Errorf("%s: %.300v, want %v", name, err, tt.sentinel)
			continue
		}
		contains(t, err.Error(), tt.want, "get user alice")
		if strings.ContainsAny(e.Message, "\n\x1b") {
			t.Errorf("%s: the message is %q", name, e.Message)
		}
	}
	for _, base := range []string{"", "http://u:canary@hub", "http://hub?canary", ":"} {
		if _, err := jupyterhub.NewClient(nil, base).Self(ctx); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("base %q: %v", base, err)
		}
	}
}

// A list that does not move on ends the loop, and a bare one is the whole list.
func TestListsOfOtherHubs(t *testing.T) {
	t.Parallel()
	h, c := operator(t)
	ctx := soon(t)
	h.Answer(hubtest.Answer{Status: 200, Body: `[{"name":"a"},{"name":"b"}]`})
	n := 0
	for u, err := range c.Users(ctx, jupyterhub.UserFilter{}) {
		if err != nil || u.Name == "" {
			t.Error(err)
		}
		n++
	}
	if n != 2 {
		t.Errorf("%d users of a bare list, want 2", n)
	}
	same := hubtest.Answer{Status: 200, Body: `{"items":[{"name":"a"}],"_pagination":{"offset":0,"next":{"offset":1,"url":"http://stranger/"}}}`}
	h.Answer(same, same)
	var last error
	for _, err := range c.Users(ctx, jupyterhub.UserFilter{}) {
		last = err
	}
	refused(t, last, jupyterhub.ErrAnswer, http.StatusOK, "begins at number 0 of the list, want 1")
}

// No secret is in an error, a log or a printed model.
func TestTheAPIShowsNoSecret(t *testing.T) {
	t.Parallel()
	var seen secrettest.Sink
	h, _ := operator(t)
	path := filepath.Join(t.TempDir(), "token")
	token := h.IssueToken("alice", 0, "tokens!user=alice", "servers!user=alice", "read:users!user=alice", "read:servers!user=alice")
	put := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(token)
	c := apiWith(t, h, flow.SecretFile(path), clientset.WithLogger(seen.Logger()))
	ctx := soon(t)
	made, err := c.CreateToken(ctx, "alice", jupyterhub.TokenOptions{Note: "n"})
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := made.Secret.Read()
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Spawn(ctx, "alice", "", map[string]string{"password": "canary-option"})
	seen.Dump(err)
	s, err := c.Server(ctx, "alice", "")
	var options map[string]string
	if err != nil || s.UserOptions.Decode(&options) != nil || options["password"] != "canary-option" {
		t.Errorf("%v, %v", err, options)
	}
	u, _ := c.User(ctx, "alice")
	h.Answer(hubtest.Answer{Status: 200, Body: `{"name":"alice","auth_state":{"access_token":"canary-state"}}`})
	withState, err := c.User(ctx, "alice")
	var state map[string]string
	if err != nil || withState.AuthState.Decode(&state) != nil || state["access_token"] != "canary-state" {
		t.Errorf("%v, %v", err, state)
	}
	for _, v := range []any{made, s, u, withState, c} {
		seen.Dump(v)
	}
	_, err = c.Services(ctx)
	seen.Dump(err)
	h.RevokeToken(token)
	seen.Dump(c.DeleteUser(ctx, "alice")) // within what is remembered
	put(fresh)
	_, err = c.User(ctx, "alice")
	seen.Dump(err)
	h.Answer(hubtest.Answer{Status: 201, Body: `{"id":"a1","token":"canary token"}`})
	_, err = c.CreateToken(ctx, "alice", jupyterhub.TokenOptions{})
	seen.Dump(err)
	seen.Hides(t, token, fresh, "canary-option", "canary-state", "canary token")
	seen.Heard(t, "[redacted]", "Action is not authorized", "it has no token", "level=DEBUG")
}
