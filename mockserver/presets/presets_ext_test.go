package presets_test

import (
	"errors"
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
	within := map[string][]string{ // what a preset has within it
		"reject-next-calls": {"reject-next-call"},
		"slow":              {"delay-calls", "token-endpoint-slow"},
		"cut-streams":       {"break-next-stream"},
		"login-refused":     {"refuse-refresh"},
	}
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
			if p.On(s) == (atOnce || p.TokenTTL > 0) {
				t.Errorf("after the start: %t", p.On(s))
			}
			for _, other := range presets.All() {
				if other.Name != p.Name && other.On(s) != slices.Contains(within[p.Name], other.Name) {
					t.Errorf("%s is on: %t", other.Name, other.On(s))
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
		if err := p.Start(s); (err != nil) != p.NeedsFront || p.NeedsFront != strings.Contains(p.Does, "--http-front") {
			t.Errorf("%s: %v", p.Name, err)
		}
	}
}

// A new fault of the script has to get a preset, or a reason here why it has none.
func TestEveryFaultHasAPreset(t *testing.T) {
	t.Parallel()
	known := map[string]string{
		// Faults with presets.
		"RejectNext": "reject-next-call", "FailNext": "fail-next-call", "FailEvery": "flaky", "Delay": "delay-calls", "Hold": "hold-next-call",
		"BreakStream": "break-next-stream", "EndWatchesAtDeadline": "end-watches-early", "DropUpdates": "drop-updates",
		"AnswerHTTP": "login-page-next-call", "AnswerRejections": "proxy-redirect", "ExpireTokens": "expire-tokens",
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

// Of two presets that set the same, the one that starts last is on, and the other is not.
func TestOfPresetsThatSetTheSameTheLastOneIsOn(t *testing.T) {
	t.Parallel()
	pairs := 0
	for _, first := range presets.All() {
		for _, last := range presets.All() {
			same := slices.ContainsFunc(first.Sets, func(what string) bool { return slices.Contains(last.Sets, what) })
			if first.Name == last.Name || !same || slices.Contains([]string{first.Name, last.Name}, "slow") {
				continue // slow has other presets within it
			}
			pairs++
			s := mocktest.New(t, mockserver.WithHTTPFront())
			if err := errors.Join(first.Start(s), last.Start(s)); err != nil {
				t.Fatal(err)
			}
			if !last.On(s) {
				t.Errorf("%s is not on after %s", last.Name, first.Name)
			}
		}
	}
	if pairs < 20 {
		t.Errorf("%d pairs", pairs)
	}
}
