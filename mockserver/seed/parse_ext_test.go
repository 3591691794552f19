package seed_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/jetway-go/jetway/mockserver/oauth"
	"github.com/jetway-go/jetway/mockserver/seed"
)

func TestMistakesAreReportedWithTheirLine(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, want string }{
		"an unknown field": {
			"projects:\n  - id: a\n    lables: {}\n",
			`line 3: there is no field "lables" here; the fields are id, name, description, labels, archived`,
		},
		"an unknown part": {
			"project: {}\n", `line 1: there is no field "project" here; the fields are clients, users, projects, secrets, tasks, runs`,
		},
		"a field twice":       {"projects:\n- id: a\n  id: b\n", "line 3: id is given twice"},
		"a key twice":         {"projects:\n- labels:\n    x: a\n    x: b\n", "line 4: x is given twice"},
		"a list for one":      {"projects:\n- id: [a]\n", "line 2: id: want one value"},
		"one for a list":      {"projects: a\n", "line 1: projects: want a list"},
		"a text for a part":   {"projects:\n- demo\n", "line 2: want a mapping with fields such as id"},
		"a text for a map":    {"projects:\n- labels: a\n", "line 2: labels: want a mapping"},
		"a key of two parts":  {"projects:\n- ? [a]\n  : b\n", "line 2: a name is expected here"},
		"a text for yes":      {"projects:\n- archived: maybe\n", "line 2: archived: want true or false"},
		"a number for yes":    {"projects:\n- archived: 1\n", "line 2: archived: want true or false"},
		"a phase":             {"runs:\n- timeline:\n  - phase: done\n", `line 3: phase: there is no "done"; want one of queued, waiting_for_resources, initializing, running, succeeded, failed, aborted, timed_out, paused, recovered`},
		"a duration":          {"runs:\n- timeline:\n  - after: 3\n", "line 3: after: want a duration such as 300ms or 1m30s"},
		"a negative duration": {"runs:\n- timeline:\n  - after: -3s\n", "line 3: after: want a duration such as 300ms or 1m30s"},
		"values":              {"runs:\n- inputs: 3\n", "line 2: inputs: want a mapping of names and values"},
		"a merge":             {"a: &a {id: x}\nprojects:\n- <<: *a\n", `line 1: there is no field "a" here; the fields are clients, users, projects, secrets, tasks, runs; line 3: there is no field "<<" here; the fields are id, name, description, labels, archived`},
		"a client":            {"clients:\n- {secret: canary}\n", "line 2: id is missing"},
		"a user":              {"users:\n\n- {password: canary}\n", "line 3: login is missing"},
		"a client twice":      {"clients:\n- id: a\n- {id: a}\n", "line 3: there is a client a already"},
		"a user twice":        {"users: [{login: a}, {login: a}]\n", "line 1: there is a user a already"},
		"a secret":            {"secrets:\n- {value: canary}\n", "line 2: name is missing"},
		"a bad secret":        {"secrets:\n- {name: a, value: [canary]}\n", "line 2: value: want one value"},
		"several":             {"projects:\n- idd: a\n- archived: canary\n", `line 2: there is no field "idd" here; the fields are id, name, description, labels, archived; line 3: archived: want true or false`},
		"no YAML":             {"projects:\n\t- a\n", "line 2: this is not YAML: found character that cannot start any token"},
		"an unknown alias":    {"projects: *a\n", "line 1: this is not YAML: unknown anchor 'a' referenced"},
		"two documents":       {"projects: []\n---\nprojects: []\n", "line 2: a second document begins here: a seed file is one"},
		"a list":              {"- a\n", "line 1: want a mapping with fields such as clients"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, err := seed.Parse([]byte(tt.text))
			of := new(seed.Error)
			if f != nil || !errors.As(err, &of) || of.Err != nil {
				t.Fatalf("got %v, %v", f, err)
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if strings.Contains(err.Error(), "canary") {
				t.Error("it repeats a value")
			}
		})
	}
}

func TestMistakesAreNotReportedWithoutEnd(t *testing.T) {
	t.Parallel()
	_, err := seed.Parse([]byte("projects:\n" + strings.Repeat("- {x: a}\n", 1000)))
	if of := new(seed.Error); !errors.As(err, &of) || len(of.Problems) != 10 || of.Problems[9].Line != 11 {
		t.Errorf("got %v", err)
	}
}

// Aliases save writing; they do not make a small file a large one.
func TestAliasesAreLimited(t *testing.T) {
	t.Parallel()
	steps := "runs:\n- timeline: &t [{phase: running}, {phase: succeeded}]\n- {timeline: *t}\n"
	if _, err := seed.Parse([]byte(steps)); err != nil {
		t.Errorf("an alias: %v", err)
	}
	bomb := "runs:\n- timeline: &t [" + strings.Repeat("{phase: running},", 300) + "]\n" + strings.Repeat("- {timeline: *t}\n", 300)
	if _, err := seed.Parse([]byte(bomb)); err == nil || !strings.Contains(err.Error(), "more than 100000 values") {
		t.Errorf("many: %v", err)
	}
	if _, err := seed.Parse([]byte("runs:\n- inputs: &a {x: *a}\n")); err == nil {
		t.Error("an alias of itself was read")
	}
	if _, err := seed.Parse([]byte("runs:\n- inputs: &a {x: [*a, *a]}\n")); err == nil {
		t.Error("an alias of itself, twice, was read")
	}
}

func TestClientsAndUsersAreThoseOfTheFile(t *testing.T) {
	t.Parallel()
	f, err := seed.Parse([]byte(`# the team's
clients:
  - {id: ci, secret: 0123, scopes: [all, more], redirect_uris: ["http://127.0.0.1/cb"], grants: [client_credentials], auth_methods: [client_secret_post]}
  - id: app
users:
  - {login: grace, password: pass, subject: u1, claims: {email: grace@example.com, admin: true, level: 3, groups: [a, b], none: ~}}
`))
	if err != nil {
		t.Fatal(err)
	}
	wantClients := []oauth.Client{
		{
			ID: "ci", Secret: "0123", Scopes: []string{"all", "more"}, RedirectURIs: []string{"http://127.0.0.1/cb"},
			Grants: []string{"client_credentials"}, AuthMethods: []string{"client_secret_post"},
		},
		{ID: "app"},
	}
	if diff := cmp.Diff(wantClients, f.Clients()); diff != "" {
		t.Errorf("clients (-want +got):\n%s", diff)
	}
	wantUsers := []oauth.Account{{Login: "grace", Password: "pass", Subject: "u1", Claims: map[string]any{
		"email": "grace@example.com", "admin": true, "level": 3.0, "groups": []any{"a", "b"}, "none": nil,
	}}}
	if diff := cmp.Diff(wantUsers, f.Accounts()); diff != "" {
		t.Errorf("users (-want +got):\n%s", diff)
	}
}

func TestAnEmptyFileHasNothing(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "# nothing\n", "~", "---\n", "projects:\nusers: ~\n"} {
		f, err := seed.Parse([]byte(text))
		if err != nil || len(f.Clients())+len(f.Accounts()) > 0 || f.FirstProject() != "" {
			t.Errorf("%q: %v, %v", text, f, err)
		}
	}
}
