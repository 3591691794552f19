package main

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// Each script is a session with a mock that is a process of its own.
func TestMockScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:   filepath.Join("testdata", "mock"),
		Setup: ownHome,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"mock": mockProcess, "killmock": killMock, "mode": mode, "exits": exits,
		},
	})
}

// mockProcess starts jetway mock with these arguments, and sets $ENDPOINT, $API_KEY, $LOGIN
// and $PASSWORD as soon as it serves.
func mockProcess(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("mock cannot be negated")
	}
	cmd := exec.Command("jetway", append([]string{"mock", "-o", "json"}, args...)...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"HOME", "PATH", "GORACE"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	ts.Defer(func() {
		_ = cmd.Process.Kill() // it may have been killed already
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	ts.Check(err)
	facts := map[string]string{}
	ts.Check(json.Unmarshal(line, &facts))
	for name, fact := range map[string]string{"ENDPOINT": "endpoint", "API_KEY": "api_key", "LOGIN": "login", "PASSWORD": "password"} {
		ts.Setenv(name, facts[fact])
	}
	ts.Setenv("MOCK_PID", strconv.Itoa(cmd.Process.Pid))
}

// killMock kills the latest mock, without a chance to write, and waits until its file is free.
func killMock(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: killmock")
	}
	pid, err := strconv.Atoi(ts.Getenv("MOCK_PID"))
	ts.Check(err)
	process, err := os.FindProcess(pid)
	ts.Check(err)
	ts.Check(process.Kill())
	_, err = process.Wait()
	ts.Check(err)
}
