package login_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/auth/tokenstore"
	"github.com/jetway-go/jetway/configstore"
)

// crowdName tells a process that it is one of many, and what they share.
const crowdName = "JETWAY_LOGIN_CROWD"

// commonGround is what the processes of one machine share.
type commonGround struct{ Dir, Issuer string }

var crowdKey = auth.Key{Endpoint: "flyte.example.com", Flow: auth.StoredFlow}

func (g commonGround) store() *tokenstore.FileStore {
	return &tokenstore.FileStore{Dir: filepath.Join(g.Dir, "credentials"), LockDir: filepath.Join(g.Dir, "locks")}
}

func (g commonGround) env() auth.Env {
	config := configstore.Overlay(configstore.Discovery(g.Issuer, nil), configstore.ClientConfig{ClientID: personClient})
	return auth.Env{Endpoint: crowdKey.Endpoint, Config: config}
}

// oneOfManyProcesses is a program that finds an expired login. It starts when it is
// told to, and prints which token it ends up with.
func oneOfManyProcesses() {
	var g commonGround
	if err := json.Unmarshal([]byte(os.Getenv(crowdName)), &g); err != nil {
		fmt.Println(err)
		return
	}
	a := auth.New(crowdKey, flow.Stored{}, g.env(), auth.WithStore(g.store()))
	defer a.Close()
	fmt.Println("ready")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := a.Credentials(ctx)
	fmt.Println(c.ID(), err)
}

// Fifty processes find one expired login. A second request with its refresh token
// would end the login at this server.
func TestManyProcessesOneLogin(t *testing.T) {
	t.Parallel()
	p := startOIDCProvider(t, settings{})
	// Given a login whose token has ended,
	prog := p.start(t, browser(p, &person{}), nobody{}, nil)
	prog.mustBe(user)
	expired := *prog.login()
	expired.Expiry, expired.IssuedAt = time.Now().Add(-time.Minute), time.Now().Add(-time.Hour)
	g := commonGround{Dir: t.TempDir(), Issuer: p.issuer}
	if err := g.store().Store(t.Context(), crowdKey, &expired); err != nil {
		t.Fatal(err)
	}
	// when fifty processes want it at once,
	shared, err := json.Marshal(g)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	const many = 50
	var starts []func()
	var answers []*bufio.Reader
	for range many {
		cmd := exec.CommandContext(t.Context(), self)
		cmd.Env = append(os.Environ(), crowdName+"="+string(shared))
		cmd.Stderr = t.Output()
		stdin, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Wait() })
		r := bufio.NewReader(stdout)
		if line, err := r.ReadString('\n'); line != "ready\n" {
			t.Fatalf("%q, %v", line, err)
		}
		starts, answers = append(starts, func() { _ = stdin.Close() }), append(answers, r)
	}
	for _, start := range starts {
		start()
	}
	// then all get the same new token,
	tokens := map[string]int{}
	for _, r := range answers {
		line, _ := r.ReadString('\n')
		tokens[strings.TrimSpace(line)]++
	}
	if len(tokens) != 1 || tokens[""] > 0 || tokens[expired.ID()+" <nil>"] > 0 {
		t.Errorf("tokens and errors, and how many processes got them: %v", tokens)
	}
	// and the refresh token that is stored now is good.
	stored, err := g.store().Retrieve(t.Context(), crowdKey)
	if err != nil || stored.RefreshToken == expired.RefreshToken {
		t.Fatalf("stored: %v, %v", stored, err)
	}
	if _, err := (flow.Stored{}).Renew(t.Context(), g.env(), stored); err != nil {
		t.Errorf("the login is lost: %v", err)
	}
}
