package keyring_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore"
)

// python is the interpreter that Debian's python3-keyring belongs to; another one
// may come first in the path.
const python = "/usr/bin/python3"

const pythonScript = `
import json, sys, keyring
ask = json.load(sys.stdin)
value = None
if ask["do"] == "set":
    keyring.set_password(ask["service"], ask["user"], ask["value"])
elif ask["do"] == "get":
    value = keyring.get_password(ask["service"], ask["user"])
elif ask["do"] == "delete":
    keyring.delete_password(ask["service"], ask["user"])
json.dump({"value": value, "backend": type(keyring.get_keyring()).__module__}, sys.stdout)
`

// inPython does something with Python's keyring library, which Flyte's own clients
// use; an item that is not there gives "".
func inPython(t *testing.T, do, service, user, value string) string {
	t.Helper()
	ask, err := json.Marshal(map[string]string{"do": do, "service": service, "user": user, "value": value})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), python, "-I", "-c", pythonScript)
	cmd.Stdin = bytes.NewReader(ask)
	// Where Python finds a second library for the same keyring, it chains the two.
	cmd.Env = append(cmd.Environ(), "PYTHON_KEYRING_BACKEND=keyring.backends.SecretService.Keyring")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var answer struct{ Value, Backend string }
	if err != nil || json.Unmarshal(out, &answer) != nil {
		t.Fatalf("python3-keyring: %v\n%s%s", err, out, stderr.String())
	}
	if !strings.Contains(answer.Backend, "SecretService") {
		t.Fatalf("Python keeps its secrets in %s", answer.Backend)
	}
	return answer.Value
}

// Whoever has logged in with flyte-sdk need not do so here, and stays logged in there.
func TestPythonsLoginServesHere(t *testing.T) {
	t.Parallel()
	if !inside(t, busUsual) {
		return
	}
	unlockedKeyring(t)
	// Given a login in flyte-sdk's item, and an older one in those of its predecessor,
	inPython(t, "set", endpoint, "tokens", `{"access_token": "access-py", "refresh_token": "refresh-py"}`)
	inPython(t, "set", "old.example.com", "access_token", "access-old")
	inPython(t, "set", "old.example.com", "refresh_token", "refresh-old")
	// when they are looked for,
	s := &tokenstore.FlyteTools{}
	got, err := s.Retrieve(t.Context(), person)
	if err != nil || got.AccessToken != "access-py" || got.RefreshToken != "refresh-py" {
		t.Fatalf("%v, %v", got, err)
	}
	old := auth.Key{Endpoint: "old.example.com", Flow: auth.StoredFlow}
	if got, err := s.Retrieve(t.Context(), old); err != nil || got.AccessToken != "access-old" || got.RefreshToken != "refresh-old" {
		t.Fatalf("%v, %v", got, err)
	}
	// then they are found, but not as anybody else's.
	mustLack(t, s, machine)
	mustLack(t, s, auth.Key{Endpoint: endpoint, Flow: auth.StoredFlow, User: "bob"})
	// A renewed login goes back to where it came from: its refresh token is used up.
	mustStore(t, s, person, login("new"))
	if text := inPython(t, "get", endpoint, "tokens", ""); !strings.Contains(text, "access-new") || !strings.Contains(text, "refresh-new") {
		t.Errorf("Python reads %q", text)
	}
	// When Python renews it in turn, its tokens are the newer ones.
	inPython(t, "set", endpoint, "tokens", `{"access_token": "access-py2", "refresh_token": "refresh-py2"}`)
	if got, err := (&tokenstore.FlyteTools{}).Retrieve(t.Context(), person); err != nil || got.RefreshToken != "refresh-py2" {
		t.Errorf("%v, %v; want Python's renewed login", got, err)
	}
	// After a logout nobody finds a token.
	for _, k := range []auth.Key{person, old} {
		if err := s.Delete(t.Context(), k); err != nil {
			t.Error(err)
		}
		mustLack(t, &tokenstore.FlyteTools{}, k)
		for _, item := range []string{"tokens", "access_token", "refresh_token"} {
			if text := inPython(t, "get", k.Endpoint, item, ""); text != "" {
				t.Errorf("Python still finds %s of %s", item, k.Endpoint)
			}
		}
	}
}

// Python replaces and deletes one item, the one that bears its mark. So there must be
// one only, whoever wrote last: another would come to light with a used up token.
func TestPythonAndWeWriteOneItem(t *testing.T) {
	t.Parallel()
	if !inside(t, busUsual) {
		return
	}
	unlockedKeyring(t)
	us := func(name string) func() {
		return func() { mustStore(t, &tokenstore.FlyteTools{Mirror: true}, person, login(name)) }
	}
	sdk := func(name string) func() {
		return func() {
			inPython(t, "set", endpoint, "tokens", `{"access_token": "access-`+name+`", "refresh_token": "refresh-`+name+`"}`)
		}
	}
	for name, writers := range map[string][]func(){
		"we, Python, we":     {us("1"), sdk("2"), us("3")},
		"Python, we, Python": {sdk("1"), us("2"), sdk("3")},
	} {
		for _, write := range writers {
			write()
		}
		inPython(t, "delete", endpoint, "tokens", "")
		if text := inPython(t, "get", endpoint, "tokens", ""); text != "" {
			t.Errorf("%s: after Python's logout it finds %s", name, text)
		}
		if err := (&tokenstore.FlyteTools{}).Delete(t.Context(), person); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A login made here is one that flyte-sdk finds, if that is wanted.
func TestPythonFindsOurLogin(t *testing.T) {
	t.Parallel()
	if !inside(t, busUsual) {
		return
	}
	unlockedKeyring(t)
	mustStore(t, &tokenstore.FlyteTools{}, person, login("private"))
	if text := inPython(t, "get", endpoint, "tokens", ""); text != "" {
		t.Errorf("Python finds %q, which nobody asked for", text)
	}
	s := &tokenstore.FlyteTools{Mirror: true}
	mustStore(t, s, person, login("ours"))
	var tokens map[string]string
	text := inPython(t, "get", endpoint, "tokens", "")
	if err := json.Unmarshal([]byte(text), &tokens); err != nil || tokens["access_token"] != "access-ours" || tokens["refresh_token"] != "refresh-ours" {
		t.Errorf("Python reads %q, %v", text, err)
	}
	if err := s.Delete(t.Context(), person); err != nil {
		t.Error(err)
	}
	if text := inPython(t, "get", endpoint, "tokens", ""); text != "" {
		t.Error("Python still finds a token")
	}
}
