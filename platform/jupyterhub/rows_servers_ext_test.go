package jupyterhub_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jetway-go/jetway/platform/jupyterhub"
	"github.com/jetway-go/jetway/platform/jupyterhub/hubtest"
)

func TestJupyterHubRow11_AServerStartsReportsProgressAndStops(t *testing.T) {
	t.Parallel()
	h, c := operator(t)
	ctx := soon(t)
	for _, server := range []string{"", "gpu box"} {
		h.SetSpawn(hubtest.Spawn{Hold: true, Steps: []string{"pulling the image"}, Stopping: 50 * time.Millisecond})
		ready, err := c.StartServer(ctx, "alice", server, map[string]any{"image": "lab"})
		if err != nil || ready {
			t.Fatalf("%v, %v, want one that is starting", ready, err)
		}
		_, err = c.StopServer(ctx, "alice", server)
		refused(t, err, jupyterhub.ErrBadRequest, http.StatusBadRequest, "stop server alice", "is pending spawn, please wait")
		var messages []string
		var last jupyterhub.Progress
		for p, err := range c.Progress(ctx, "alice", server) {
			if err != nil {
				t.Fatal(err)
			}
			if messages, last = append(messages, p.Message), p; p.Message == "pulling the image" {
				h.EndSpawn("alice", server, "")
			}
		}
		if !slices.Equal(messages[:3], []string{"Server requested", "Spawning server...", "pulling the image"}) ||
			!last.Ready || last.Percent != 100 || !strings.HasPrefix(last.URL, "/jupyter/user/alice/") {
			t.Errorf("%q, and at the end %+v", messages, last)
		}
		s, err := c.Server(ctx, "alice", server)
		var options struct{ Image string }
		if err != nil || !s.Ready || s.Name != server || s.Started.IsZero() || s.UserOptions.Decode(&options) != nil || options.Image != "lab" {
			t.Errorf("%+v, %v", s, err)
		}
		_, err = c.StartServer(ctx, "alice", server, nil)
		refused(t, err, jupyterhub.ErrBadRequest, http.StatusBadRequest, "is already running")
		if stopped, err := c.StopServer(ctx, "alice", server); err != nil || stopped {
			t.Errorf("%v, %v, want one that is stopping", stopped, err)
		}
		if err := c.WaitStopped(ctx, "alice", server); err != nil {
			t.Error(err)
		}
		if stopped, err := c.StopServer(ctx, "alice", server); err != nil || !stopped {
			t.Errorf("%v, %v, want no error for one that has stopped", stopped, err)
		}
		_, err = c.Server(ctx, "alice", server)
		refused(t, err, jupyterhub.ErrServerNotRunning, 0)
	}
	// A named server is forgotten, the default one cannot be.
	if err := c.RemoveServer(ctx, "alice", "gpu box"); err != nil {
		t.Error(err)
	}
	_, err := c.StopServer(ctx, "alice", "gpu box")
	refused(t, err, jupyterhub.ErrNotFound, http.StatusNotFound)
	refused(t, c.RemoveServer(ctx, "alice", ""), jupyterhub.ErrBadRequest, 0, "default server")
	for _, err := range c.Progress(ctx, "alice", "gpu box") {
		refused(t, err, jupyterhub.ErrNotFound, http.StatusNotFound)
	}
	for _, err := range c.Progress(ctx, "alice", "") {
		refused(t, err, jupyterhub.ErrBadRequest, http.StatusBadRequest, "is not starting")
	}
}

func TestJupyterHubRow11_ASpawnThatFailsSaysWhy(t *testing.T) {
	t.Parallel()
	h, c := operator(t)
	ctx := soon(t)
	h.SetSpawn(hubtest.Spawn{Fail: "Spawner failed to start [status=1]. The logs for alice may contain details."})
	_, err := c.Spawn(ctx, "alice", "", nil)
	refused(t, err, jupyterhub.ErrSpawnFailed, http.StatusInternalServerError, "start server alice", "Spawner failed to start [status=1]")
	// The stream says it, too, with progress 100.
	var last jupyterhub.Progress
	for p, err := range c.Progress(ctx, "alice", "") {
		last = p
		refused(t, err, jupyterhub.ErrSpawnFailed, 0, "Spawn failed: ")
	}
	if last.Percent != 100 || !last.Failed || last.Ready {
		t.Errorf("the last step is %+v", last)
	}
	h.SetSpawn(hubtest.Spawn{Hold: true})
	if _, err := c.StartServer(ctx, "bob", "", nil); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(20*time.Millisecond, func() { h.EndSpawn("bob", "", "no node is free") })
	_, err = c.WaitServer(ctx, "bob", "")
	refused(t, err, jupyterhub.ErrSpawnFailed, 0, "no node is free")
}

func TestJupyterHubRow11_AStreamWithoutAResultLeavesItToTheServersState(t *testing.T) {
	t.Parallel()
	h, c := operator(t)
	ctx := soon(t)
	h.SetSpawn(hubtest.Spawn{Hold: true, Cut: true})
	for user, failure := range map[string]string{"alice": "", "bob": "no node"} {
		if _, err := c.StartServer(ctx, user, "", nil); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(50*time.Millisecond, func() { h.EndSpawn(user, "", failure) })
		s, err := c.WaitServer(ctx, user, "")
		switch {
		case failure == "" && (err != nil || !s.Ready):
			t.Errorf("%+v, %v, want a server that is ready", s, err)
		case failure != "":
			if !errors.Is(err, jupyterhub.ErrSpawnFailed) {
				t.Errorf("%v, want ErrSpawnFailed", err)
			}
		}
	}
	// The caller's context ends the wait.
	if _, err := c.StartServer(ctx, "zoe", "", nil); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	if _, err := c.WaitServer(short, "zoe", ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want the deadline", err)
	}
}

func TestJupyterHubRow11_ABusyHubIsAskedAgainWhenItSays(t *testing.T) {
	t.Parallel()
	h, c := operator(t)
	ctx := soon(t)
	h.SetSpawn(hubtest.Spawn{Busy: 1, RetryAfter: time.Second})
	_, err := c.StartServer(ctx, "alice", "", nil)
	refused(t, err, jupyterhub.ErrTooManyRequests, http.StatusTooManyRequests, "Too many users")
	if e, ok := errors.AsType[*jupyterhub.APIError](err); !ok || e.RetryAfter() != time.Second {
		t.Errorf("%v, want a second", e.RetryAfter())
	}
	h.SetSpawn(hubtest.Spawn{Busy: 1, RetryAfter: time.Second})
	began := time.Now()
	s, err := c.Spawn(ctx, "alice", "", nil)
	if err != nil || !s.Ready || time.Since(began) < time.Second {
		t.Errorf("%+v, %v after %v", s, err, time.Since(began))
	}
	h.SetSpawn(hubtest.Spawn{Busy: 1}) // says nothing
	_, err = c.Spawn(ctx, "bob", "", nil)
	refused(t, err, jupyterhub.ErrTooManyRequests, http.StatusTooManyRequests)
}

// A request to a server that does not run is redirected to the hub, which says 424; both
// mean the same, and the POST is not made a GET.
func TestJupyterHubRow11_AServerThatDoesNotRunIsTyped(t *testing.T) {
	t.Parallel()
	h, c := operator(t)
	ctx := soon(t)
	cs := made(t, jupyterhub.Resolver{Config: jupyterhub.Config{LookupEnv: env(h.ServiceEnv("operator"))}})
	for _, at := range []string{h.URL + "/user/alice/api", h.URL + "/hub/user/alice/api"} {
		lab := jupyterhub.NewClient(cs.HTTPClient(), at)
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			err := lab.Call(ctx, method, "/kernels", map[string]string{}, nil)
			if !errors.Is(err, jupyterhub.ErrServerNotRunning) {
				t.Errorf("%s: %v, want ErrServerNotRunning", method, err)
			}
		}
	}
	if _, err := c.Spawn(ctx, "alice", "", nil); err != nil {
		t.Fatal(err)
	}
	var answer struct{ Version string }
	lab := jupyterhub.NewClient(cs.HTTPClient(), h.URL+"/user/alice/api")
	if err := lab.Call(ctx, http.MethodGet, "/?x=y", nil, &answer); err != nil || answer.Version == "" {
		t.Errorf("%+v, %v", answer, err)
	}
}
