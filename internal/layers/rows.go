package layers

// generated is the output of make generate, which imports nothing but itself.
const generated = "gen/..."

// leaves are the rows at the top: text in, values out.
func leaves() []Rule {
	return []Rule{
		{Package: generated, May: []string{generated}},
		{Package: "internal/endpoint"},
		{Package: "internal/apikey"},
		{Package: "internal/fault"},
		{Package: "internal/loopback"},
		{Package: "internal/browser"},
		{Package: "internal/secrettest"}, // for tests: looks for secrets in what a program shows
		{Package: "internal/kfppb"},      // for tests and examples: a program that links it cannot link Kubeflow's own stubs
	}
}

// programs are the rows of example programs that show one thing each.
func programs() []Rule {
	const (
		clientset = "clientset"
		mock      = "mockserver/..."
		verifier  = "interceptors/serverauth"
	)
	return []Rule{
		{Package: "examples/hello", May: []string{"auth/flow", clientset, generated}, Tests: []string{generated, mock, verifier}},
		{Package: "examples/login", May: []string{"auth", "auth/flow", "auth/tokenstore", clientset, generated, mock}},
		{Package: "examples/custom", May: []string{"auth", clientset, generated, mock}},
	}
}
