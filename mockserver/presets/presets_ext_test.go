package presets_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/faults"
	"github.com/jetway-go/jetway/mockserver/mocktest"
	"github.com/jetway-go/jetway/mockserver/presets"
)

func TestEveryPresetSaysWhatItDoesAndWhatClientsDo(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	groups := []string{}
	for _, p := range presets.All() {
		if seen[p.Name] || p.Name != strings.ToLower(p.Name) || strings.Contains(p.Name, " ") {
			t.Errorf("name %q", p.Name)
		}
		seen[p.Name] = true
		if p.Title == "" || p.Group == "" || !strings.HasSuffix(p.Does, ".") || !strings.HasSuffix(p.Clients, ".") {
			t.Errorf("%s is not described: %+v", p.Name, p)
		}
		if found, ok := presets.Find(p.Name); !ok || found.Title != p.Title {
			t.Errorf("%s is not found", p.Name)
		}
		if len(groups) == 0 || groups[len(groups)-1] != p.Group {
			groups = append(groups, p.Group)
		}
	}
	slices.Sort(groups)
	if len(slices.Compact(groups)) != 6 {
		t.Errorf("groups are torn apart: %v", groups)
	}
	if _, ok := presets.Find("no-such-preset"); ok {
		t.Error("found what is not there")
	}
}

// What is on shows, also if a test has turned it on by the script, and Reset ends it.
func TestPresetsAreOnUntilTheyAreStopped(t *testing.T) {
	t.Parallel()
	for _, p := range presets.All() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			s := mocktest.New(t, mockserver.WithHTTPFront())
			if p.On(s) {
				t.Fatal("on at the start")
			}
			if err := p.Start(s); err != nil {
				t.Fatal(err)
			}
			atOnce := slices.Contains([]string{"expire-tokens", "revoke-tokens", "revoke-logins"}, p.Name)
			if p.On(s) == atOnce {
				t.Errorf("after the start: %t", p.On(s))
			}
			for _, other := range presets.All() {
				if other.Name != p.Name && other.On(s) && p.Name != "reject-next-calls" {
					t.Errorf("%s is on, too", other.Name)
				}
			}
			if p.Lasting() {
				if p.Stop(s); p.On(s) {
					t.Error("on after the stop")
				}
				_ = p.Start(s)
			}
			s.Script().Reset()
			s.SetClockOffset(0)
			if p.On(s) {
				t.Error("on after the reset")
			}
		})
	}
}

func TestPresetSaysWhatTheServerLacks(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t)
	for _, p := range presets.All() {
		needs := strings.Contains(p.Does, "--http-front")
		if err := p.Start(s); (err != nil) != needs {
			t.Errorf("%s: %v", p.Name, err)
		}
	}
}

// A new fault of the script has to get a preset, or a reason here why it has none.
func TestEveryFaultHasAPreset(t *testing.T) {
	t.Parallel()
	known := map[string]string{
		// Faults with presets.
		"RejectNext": "reject-next-call", "FailNext": "fail-next-call", "FailEvery": "fail-every-third-call", "Delay": "delay-calls", "Hold": "hold-next-call",
		"BreakStream": "break-next-stream", "EndWatchesAtDeadline": "end-watches-early", "DropUpdates": "drop-updates",
		"AnswerHTTP": "login-page-next-call", "AnswerRejections": "redirect-rejections", "ExpireTokens": "expire-tokens",
		"RevokeTokens": "revoke-tokens", "RevokeLogins": "revoke-logins", "TokenEndpoint": "token-endpoint-down", "Endpoint": "discovery-down",
		"Hang": "token-endpoint-hangs", "Slow": "token-endpoint-slow", "Refuse": "refuse-refresh", "Down": "token-endpoint-down",
		"Redirect": "token-endpoint-redirects", "Echo": "token-endpoint-echoes", "Flood": "token-endpoint-floods",
		"Rewrite": "tokens-without-expiry", "ExpiresIn": "tokens-without-expiry", "ContentType": "token-answers-as-text",
		// What is no fault, or needs a value that clients get elsewhere.
		"Reset": "", "On": "", "ReleaseAll": "", "Queued": "", "Wrap": "", "IssueToken": "", "PendingDevices": "", "ApproveDevice": "", "DenyDevice": "",
		"SetProxyToken": "", "CheckMethod": "",
	}
	for _, kind := range []reflect.Type{reflect.TypeFor[*mockserver.Script](), reflect.TypeFor[*faults.Set]()} {
		for m := range kind.Methods() {
			preset, ok := known[m.Name]
			if _, there := presets.Find(preset); !ok || preset != "" && !there {
				t.Errorf("%v.%s has no preset", kind, m.Name)
			}
		}
	}
}
