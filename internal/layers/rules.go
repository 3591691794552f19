package layers

// Rules is the table "package → may import": each row stands below those of the
// packages that it may import.
func Rules() []Rule {
	const (
		gen  = "gen/..." // output of make generate: imports nothing but itself
		mock = "mockserver/..."
	)
	mocks := []string{gen, "interceptors/serverauth", mock} // tests of the mock may reach all of it, and no more
	return []Rule{
		{Package: gen, May: []string{gen}},

		// Leaves: text in, values out.
		{Package: "internal/endpoint"},
		{Package: "internal/apikey", May: []string{"internal/endpoint"}},
		{Package: "internal/loopback"},
		{Package: "internal/browser"},

		// The client, from what must be known to the finished connection.
		{Package: "configstore", May: []string{gen}},
		{Package: "auth", May: []string{"configstore"}},
		{Package: "auth/flow", May: []string{"auth", "configstore", "internal/browser", "internal/loopback"}},
		{Package: "interceptors", May: []string{"auth"}},
		{Package: "platform", May: []string{"auth", "configstore"}},
		{Package: "clientset", May: []string{
			"auth", "auth/flow", "configstore", gen, "interceptors", "internal/apikey", "internal/endpoint", "platform",
		}},

		// The other end of the wire. What it shared with the client it could not
		// catch: only the check of credentials, which is not the client's, is common.
		{Package: "interceptors/serverauth"},
		{Package: "mockserver/objectstore", Tests: mocks},
		{Package: "mockserver/oauth", Tests: mocks},
		{Package: "mockserver/backend", May: []string{gen, "interceptors/serverauth", "mockserver/objectstore"}, Tests: mocks},
		{Package: "mockserver", May: []string{
			gen, "interceptors/serverauth", "mockserver/backend", "mockserver/oauth", "mockserver/objectstore",
		}, Tests: mocks},
		{Package: "mockserver/mocktest", May: []string{
			gen, "interceptors/serverauth", "mockserver", "mockserver/backend", "mockserver/oauth", "mockserver/objectstore",
		}, Tests: mocks},

		// Programs.
		{Package: "cmd/mockserver", May: []string{gen, mock}, Planned: true},
		{Package: "examples/quickstart", May: []string{
			"auth", "auth/flow", "clientset", "configstore", gen, "interceptors", "interceptors/serverauth", mock,
		}, Planned: true},

		// The house.
		{Package: "internal/layers"},
		{Package: "internal/wire"},
	}
}
