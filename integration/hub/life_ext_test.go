package hub_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/jetway-go/jetway/platform/jupyterhub"
)

// A service that dies is started again by the hub, which looks every 30 seconds.
func managedRestart(t *testing.T, h *hub) {
	token := h.issue(t, "alice", 0).Token
	who, err := whoami(t, h.Phoenix, token)
	mustBe(t, "alice", who, err)
	first := h.pid(t, "phoenix")
	if first == 0 {
		t.Fatal("the service is not found among the processes")
	}
	if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		if pid := h.pid(t, "phoenix"); pid == 0 || pid == first {
			continue
		}
		if who, err = whoami(t, h.Phoenix, token); err == nil {
			break
		}
	}
	mustBe(t, "alice", who, err)
	if code := fetch(t, http.MethodGet, h.Proxy+"/services/phoenix/", token, nil, nil); code != http.StatusOK {
		t.Errorf("the page answers with status %d", code)
	}
}

// pid is the process of a managed service; zero: there is none.
func (h *hub) pid(t *testing.T, name string) int {
	t.Helper()
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		if exe, err := os.Readlink(filepath.Join(dir, "exe")); err != nil || exe != h.Program {
			continue
		}
		vars, err := os.ReadFile(filepath.Join(dir, "environ"))
		if err != nil || !strings.Contains("\x00"+string(vars), "\x00"+jupyterhub.EnvServiceName+"="+name+"\x00") {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			t.Fatal(err)
		}
		return pid
	}
	return 0
}

// Without the hub, callers hear that it is not there, and where it was looked for.
func TestJupyterHubRow06_StoppedHubIsUnavailable(t *testing.T) {
	t.Parallel()
	h := startHub(t, "", false)
	e := startExternal(t, h, freeURL(t), jupyterhub.AuthConfig{})
	known, fresh := h.issue(t, "alice", 0).Token, h.issue(t, "alice", 0).Token
	who, err := whoami(t, e.url, known)
	mustBe(t, "alice", who, err)
	h.stop()
	_, err = whoami(t, e.url, fresh)
	mustFail(t, codes.Unavailable, err)
	contains(t, err.Error(), "Failed to connect to Hub API at '"+h.api()+"'", "JUPYTERHUB_API_URL", "hub_ip")
	// Who is known goes on.
	who, err = whoami(t, e.url, known)
	mustBe(t, "alice", who, err)
	// The services that the hub has started have ended with it.
	for _, name := range []string{"whoami", "phoenix"} {
		if pid := h.pid(t, name); pid != 0 {
			t.Errorf("%s goes on as process %d", name, pid)
		}
	}
}
