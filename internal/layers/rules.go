package layers

import "slices"

// Rules is the table "package → may import": each row stands below those of the
// packages that it may import.
func Rules() []Rule {
	const (
		gen  = "gen/..." // output of make generate: imports nothing but itself
		mock = "mockserver/..."

		verifier  = "interceptors/serverauth" // the check of credentials, which both ends have
		clientset = "clientset"               // what programs use
	)
	// What reading a system's conventions takes.
	system := []string{
		"auth", "auth/flow", "configstore", "internal/clock", "internal/fault", "internal/peer", "platform", "platform/internal/guess",
	}
	mocks := []string{gen, verifier, mock} // tests of the mock may reach all of it, and no more
	return []Rule{
		{Package: gen, May: []string{gen}},

		// Leaves: text in, values out.
		{Package: "internal/endpoint"},
		{Package: "internal/apikey"},
		{Package: "internal/advice"},
		{Package: "internal/fault"},
		{Package: "internal/clock"},
		{Package: "internal/loopback"},
		{Package: "internal/requestid"},
		{Package: "internal/retryafter"},
		{Package: "internal/peer"},
		{Package: "internal/browser"},
		{Package: "internal/secrettest"}, // for tests: looks for secrets in what a program shows
		{Package: "internal/kfppb"},      // for tests and examples: who links it cannot link Kubeflow's own stubs

		// The client, from what must be known to the finished connection.
		{Package: "configstore", May: []string{
			gen, "internal/clock", "internal/endpoint", "internal/fault", "internal/peer", "internal/retryafter",
		}},
		{Package: "auth", May: []string{"configstore", "internal/clock", "internal/fault"}},
		{Package: "auth/flow", May: []string{
			"auth", "configstore", "internal/browser", "internal/clock", "internal/endpoint", "internal/fault",
			"internal/loopback", "internal/peer", "internal/retryafter",
		}},
		{Package: "interceptors", May: []string{"auth", "internal/fault"}},
		{Package: "interceptors/httpauth", May: []string{"auth", "internal/clock", "internal/endpoint", "internal/fault", "internal/requestid"}},
		{Package: "interceptors/httprule", May: []string{"internal/fault"}},
		{Package: "platform", May: []string{"auth", "configstore"}},
		{Package: "platform/internal/smallfile"},
		{Package: "platform/internal/guess"},
		{Package: "platform/internal/sse"},
		{Package: "platform/wallaroo", May: slices.Concat(system, []string{
			"interceptors/httpauth", "internal/endpoint", "platform/internal/smallfile",
		})},
		{Package: "platform/nublado/repertoire", May: []string{"internal/clock", "internal/peer", "platform/internal/guess"}},
		{Package: "platform/nublado/gafaelfawr", May: []string{"auth", "internal/endpoint", "internal/peer", "internal/retryafter"}},
		{Package: "platform/nublado/kernel", May: []string{"internal/fault", "internal/peer"}},
		{Package: "platform/nublado", May: slices.Concat(system, []string{
			"interceptors/httpauth", "internal/retryafter", "platform/internal/sse", "platform/nublado/gafaelfawr",
			"platform/nublado/kernel", "platform/nublado/repertoire",
		})},
		{Package: "platform/flyte", May: slices.Concat(system, []string{"internal/apikey", "platform/internal/smallfile"})},
		{Package: "platform/kubeflow", May: slices.Concat(system, []string{
			"interceptors/httpauth", "internal/endpoint", "platform/internal/smallfile",
		})},
		{Package: "auth/tokenstore", May: []string{"auth", "internal/clock"}},
		{Package: "internal/routing", May: []string{gen, "internal/clock", "internal/endpoint"}},
		{Package: clientset, May: []string{
			"auth", "auth/flow", "auth/tokenstore", "configstore", gen, "interceptors", "interceptors/httpauth", "interceptors/httprule",
			"internal/advice", "internal/apikey", "internal/clock", "internal/endpoint", "internal/fault", "internal/peer", "internal/retryafter",
			"internal/routing",
			"platform",
		}},
		{Package: "doctor", May: []string{
			"auth", "auth/tokenstore", clientset, "configstore", gen, "interceptors", "interceptors/httpauth", "internal/advice",
			"internal/endpoint", "internal/fault", "internal/peer", "platform",
		}},

		// What programs do with a connection.
		{Package: "follow", May: []string{gen, "internal/clock", "internal/fault"}},
		{Package: "values", May: []string{gen, "internal/fault"}, Tests: []string{clientset, "follow", gen, "mockserver/..."}},
		// Work over a connection. It takes the stubs, not the ClientSet.
		{Package: "transfer", May: []string{gen, "internal/clock", "internal/fault", "internal/peer", "internal/retryafter"}},

		// The other end of the wire. What it shared with the client it could not
		// catch: only the check of credentials, which is not the client's, is common.
		{Package: verifier},
		{Package: "interceptors/serverauth/introspect", May: []string{verifier, "internal/clock"}},
		{Package: "interceptors/serverauth/authmetadata", May: []string{"configstore", gen}},
		{Package: "platform/jupyterhub", May: slices.Concat(system, []string{ // which also says who calls a service
			"interceptors/httpauth", "internal/endpoint", "internal/retryafter", "platform/internal/sse", verifier,
		})},
		{Package: "platform/internal/platformtest", May: []string{gen, verifier}}, // for tests only
		{Package: "mockserver/internal/kept", Tests: mocks},
		{Package: "mockserver/state", Tests: mocks}, // alone links the embedded store
		{Package: "mockserver/objectstore", May: []string{"mockserver/internal/kept"}, Tests: mocks},
		{Package: "mockserver/oauth", Tests: mocks},
		{Package: "mockserver/internal/signed", Tests: mocks},
		{Package: "mockserver/internal/buffered", Tests: mocks},
		{Package: "mockserver/faults", May: []string{"mockserver/internal/buffered"}, Tests: mocks},
		{Package: "mockserver/internal/pages", Tests: mocks},
		{Package: "mockserver/internal/authserver", May: []string{
			"mockserver/faults", "mockserver/internal/buffered", "mockserver/internal/kept", "mockserver/internal/pages",
			"mockserver/internal/signed", "mockserver/oauth",
		}, Tests: mocks},
		{Package: "mockserver/backend", May: []string{gen, verifier, "mockserver/internal/kept", "mockserver/objectstore"}, Tests: mocks},
		{Package: "mockserver/front", Tests: mocks},
		{Package: "mockserver/requests", May: []string{"mockserver/front", "mockserver/oauth"}, Tests: mocks},
		{Package: "mockserver/internal/proxyauth", Tests: mocks},
		{Package: "mockserver/internal/requestlog", May: []string{
			"mockserver/front", "mockserver/internal/proxyauth", "mockserver/oauth", "mockserver/requests",
		}, Tests: mocks},
		{Package: "mockserver/internal/listen", Tests: mocks},
		{Package: "mockserver/internal/methods", Tests: mocks},
		{Package: "mockserver/internal/certificates", Tests: mocks},
		{Package: "mockserver/internal/settle", May: []string{"mockserver/internal/kept"}, Tests: mocks},
		{Package: "mockserver", May: []string{
			gen, verifier, "mockserver/backend", "mockserver/faults", "mockserver/front", "mockserver/internal/authserver",
			"mockserver/internal/certificates", "mockserver/internal/kept", "mockserver/internal/listen",
			"mockserver/internal/methods", "mockserver/internal/pages", "mockserver/internal/proxyauth",
			"mockserver/internal/requestlog", "mockserver/internal/settle",
			"mockserver/oauth", "mockserver/objectstore", "mockserver/requests",
		}, Tests: mocks},
		{Package: "mockserver/seed", May: []string{gen, "mockserver/backend", "mockserver/oauth"}, Tests: mocks},
		{Package: "mockserver/control", May: []string{
			gen, "mockserver", "mockserver/faults", "mockserver/oauth", "mockserver/requests", "mockserver/seed",
		}, Tests: mocks},
		{Package: "mockserver/presets", May: []string{"mockserver", "mockserver/faults", "mockserver/oauth"}, Tests: mocks},
		{Package: "mockserver/console", May: []string{
			gen, "mockserver", "mockserver/backend", "mockserver/front", "mockserver/oauth", "mockserver/presets", "mockserver/requests",
		}, Tests: mocks},
		{Package: "mockserver/mocktest", May: []string{
			gen, verifier, "mockserver", "mockserver/backend", "mockserver/oauth", "mockserver/objectstore",
		}, Tests: mocks},

		// What stands in for other systems, each beside its client. It shares no code
		// with it: see [CheckFakes]. The examples in their tests show it at work.
		{Package: "platform/internal/peertest", May: []string{gen, verifier, "mockserver/backend"}, Tests: mocks},
		{Package: "internal/kfptest", May: []string{"internal/kfppb"}},
		{Package: "platform/wallaroo/keycloaktest", May: []string{verifier}, Tests: []string{
			clientset, gen, "platform/internal/peertest", "platform/wallaroo",
		}},
		{Package: "platform/wallaroo/apitest", May: []string{verifier}, Tests: []string{
			clientset, "platform/wallaroo", "platform/wallaroo/keycloaktest",
		}},
		{Package: "platform/nublado/nubladotest", May: []string{verifier}, Tests: []string{
			"auth/flow", clientset, gen, "platform/internal/peertest", "platform/nublado",
		}},
		{Package: "platform/kubeflow/dextest", May: []string{verifier}, Tests: []string{"auth/flow", "platform/kubeflow"}},
		{Package: "platform/kubeflow/tokenreviewtest", May: []string{verifier}, Tests: []string{"auth/flow", clientset, "platform/kubeflow"}},
		{Package: "platform/jupyterhub/hubtest", Tests: []string{"platform/jupyterhub"}},

		// Programs.
		{Package: "cmd/jetway/internal/qr"},
		{Package: "cmd/jetway/internal/show", Tests: []string{gen}},
		{Package: "cmd/jetway/internal/stdio", May: []string{"cmd/jetway/internal/show"}},
		{Package: "cmd/jetway/internal/profile", May: []string{"auth"}},
		{Package: "cmd/jetway/internal/schema"},
		{Package: "cmd/jetway/internal/failure", May: []string{
			"auth", "auth/flow", clientset, "cmd/jetway/internal/show", "cmd/jetway/internal/stdio", "configstore",
		}},
		{Package: "cmd/jetway/internal/mock", May: []string{"cmd/jetway/internal/show", gen, mock}},
		{Package: "cmd/jetway/internal/connect", May: []string{
			"auth", "auth/flow", clientset, "cmd/jetway/internal/failure", "cmd/jetway/internal/profile", "configstore",
			"internal/endpoint", "platform/...", "platform",
		}},
		{Package: "cmd/jetway/internal/command", May: []string{
			"auth", "auth/flow", "auth/tokenstore", clientset, "cmd/jetway/internal/...", "configstore", "doctor", "follow", gen,
			"interceptors", "internal/endpoint", "internal/loopback", "platform/...", "transfer", "values",
		}},
		{Package: "cmd/jetway/internal/live", May: []string{"cmd/jetway/internal/show", "cmd/jetway/internal/stdio"}},
		{Package: "cmd/jetway/internal/quickhelp"},
		{Package: "cmd/jetway/internal/manual", May: []string{
			"cmd/jetway/internal/command", "cmd/jetway/internal/quickhelp", "cmd/jetway/internal/stdio",
		}},
		{Package: "cmd/jetway", May: []string{
			"cmd/jetway/internal/command", "cmd/jetway/internal/failure", "cmd/jetway/internal/quickhelp",
		}, Tests: slices.Concat(mocks, []string{
			"auth", "auth/tokenstore", "internal/secrettest", "platform/jupyterhub/hubtest", "platform/kubeflow/dextest",
			"platform/nublado/nubladotest", "platform/wallaroo/apitest", "platform/wallaroo/keycloaktest",
		})},
		{Package: "examples/hello", May: []string{"auth/flow", clientset, gen}, Tests: mocks},
		{Package: "examples/login", May: []string{"auth", "auth/flow", "auth/tokenstore", clientset, gen, mock}},
		{Package: "examples/custom", May: []string{"auth", clientset, gen, mock}},
		{Package: "examples/quickstart", May: []string{
			"auth", "auth/flow", clientset, "configstore", "follow", gen, "interceptors", verifier, "values", mock,
		}},
		{Package: "examples/wallaroo", May: []string{
			clientset, "platform/wallaroo", "platform/wallaroo/apitest", "platform/wallaroo/keycloaktest",
		}},
		{Package: "examples/nublado", May: []string{
			"auth/flow", clientset, gen, verifier, "platform/nublado", "platform/nublado/nubladotest",
			"platform/nublado/repertoire",
		}},
		{Package: "examples/flyteconfig", May: []string{clientset, gen, mock, "platform/flyte"}},
		{Package: "examples/kubeflow", May: []string{
			"auth/flow", clientset, "internal/kfppb", "internal/kfptest", "platform/kubeflow",
			"platform/kubeflow/dextest", "platform/kubeflow/tokenreviewtest",
		}},
		{Package: "examples/jupyterhub", May: []string{
			"auth/flow", clientset, gen, verifier, "platform", "platform/jupyterhub", "platform/jupyterhub/hubtest",
		}},
		{Package: "examples/service", May: []string{
			"auth/flow", clientset, "configstore", verifier, "interceptors/serverauth/authmetadata", "interceptors/serverauth/introspect",
			"mockserver", "mockserver/oauth",
		}},

		// The house.
		{Package: "internal/layers"},
		{Package: "internal/wire"},
	}
}
