package methods

import "testing"

func TestMatch(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, method string
		want         bool
	}{
		{"", "/p.S/M", true},
		{"*", "/p.S/M", true},
		{"/p.S/*", "/p.S/M", true},
		{"p.S/*", "/p.S/M", true},
		{"/p.S/*", "/p.S2/M", false},
		{"/p.S/M", "/p.S/M", true},
		{"p.S/M", "/p.S/M", true},
		{"/p.S/M", "/p.S/M2", false},
	} {
		if got := Match(Normal(tt.name), tt.method); got != tt.want {
			t.Errorf("%q covers %s: %t", tt.name, tt.method, got)
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	names := []string{"/long.package.v1.Runs/ListRuns", "/long.package.v1.Tasks/GetTask", "/p.S/M"}
	for pattern, want := range map[string]string{
		"*":                             "*",
		"/p.S/M":                        "/p.S/M",
		"/p.S/*":                        "/p.S/*",
		"/Tasks/GetTask":                "/long.package.v1.Tasks/GetTask", // without the package
		"/ListRun":                      "/long.package.v1.Runs/ListRuns", // the method alone
		"/long.package.v1.Run/*":        "/long.package.v1.Runs/*",
		"/long.package.v1.Task/GetTask": "/long.package.v1.Tasks/GetTask",
	} {
		if got := Nearest(pattern, names); got != want {
			t.Errorf("nearest to %s: %s, want %s", pattern, got, want)
		}
	}
	if names[0] != "/long.package.v1.Runs/ListRuns" {
		t.Error("the names have changed")
	}
}
