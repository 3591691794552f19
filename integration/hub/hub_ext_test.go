package hub_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jetway-go/jetway/integration"
)

// patience ends what should have ended long before.
const patience = 3 * time.Minute

// hub is a JupyterHub with its proxy. The fields with names are what its
// configuration reads.
type hub struct {
	Base          string `json:"base"`    // path before the hub's own: "", "/nb"
	Ingress       bool   `json:"ingress"` // another server in front says who the user is
	Proxy         string `json:"proxy"`
	Hub           string `json:"hub"`
	ProxyAPI      string `json:"proxy_api"`
	ProxyToken    string `json:"proxy_token"`
	Password      string `json:"password"`
	Program       string `json:"program"`
	Whoami        string `json:"whoami"`
	Phoenix       string `json:"phoenix"`
	External      string `json:"external"`
	ExternalToken string `json:"external_token"`
	BossToken     string `json:"boss_token"`
	Homes         string `json:"homes"` // of the users' servers

	stop func()
}

// startHub starts a hub, which starts the services.
func startHub(t *testing.T, base string, ingress bool) *hub {
	t.Helper()
	h := &hub{
		Base: base, Ingress: ingress,
		Proxy: freeURL(t), Hub: freeURL(t), ProxyAPI: freeURL(t), Whoami: freeURL(t), Phoenix: freeURL(t), External: freeURL(t),
		ProxyToken: rand.Text(), Password: rand.Text(), ExternalToken: rand.Text(), BossToken: rand.Text(),
		Program: example(t), Homes: t.TempDir(),
	}
	config, err := filepath.Abs("testdata/jupyterhub_config.py")
	if err != nil {
		t.Fatal(err)
	}
	settings, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "jupyterhub", "-f", config)
	cmd.Dir = t.TempDir()
	// The proxy's modules are Debian's, whatever node stands first in the path.
	cmd.Env = append(os.Environ(), "JETWAY_HUB="+string(settings), "NODE_PATH=/usr/share/nodejs")
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = time.Minute
	if err := cmd.Start(); err != nil {
		cancel()
		t.Fatalf("start jupyterhub, a Debian package: %v", err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // it is always ended
		close(ended)
	}()
	h.stop = func() {
		cancel()
		<-ended
	}
	t.Cleanup(func() {
		h.stop()
		for _, name := range []string{"whoami", "phoenix"} { // of a hub that has ended while it started
			if pid := h.pid(t, name); pid != 0 {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	})
	for _, name := range []string{"whoami", "phoenix", "external"} { // in the order in which the hub gets to them
		await(t, h.Proxy+h.Base+"/services/"+name+"/", ended)
	}
	return h
}

func (h *hub) api() string { return h.Hub + h.Base + "/hub/api" }

// await waits until the proxy knows the way, whatever is at its end.
func await(t *testing.T, url string, ended <-chan struct{}) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if code := fetch(t, http.MethodGet, url, "", nil, nil); code != 0 && code != http.StatusNotFound {
			return
		}
		select {
		case <-ended:
			t.Fatal("the hub has ended")
		default:
		}
	}
	t.Fatalf("nothing answers at %s", url)
}

// example builds our example, which is a service.
func example(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "whoami")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", path, "./examples/jupyterhub")
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build the example: %v\n%s", err, out)
	}
	return path
}

func freeURL(t *testing.T) string { return "http://" + integration.FreeAddress(t) }
