package failure

import "testing"

func TestPlainNamesFlagsAndNoOptionsOfTheLibrary(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"clientset: login for h: x":                                                                "login for h: x",
		"rpc error: code = NotFound desc = no run":                                                 "NotFound: no run",
		"no TLS; use TLS, or WithPlaintextCredentials if it is trusted":                            "no TLS; use TLS",
		"cert; check the address; if it is right, WithServerName sets a name":                      "cert; check the address",
		"none; it does not say where to log in: WithConfigStore(x) asks, WithClientConfig sets it": "none; it does not say where to log in",
		"http:// is without TLS, and WithCAFile is about TLS; or add WithInsecure":                 "http:// is without TLS, and --ca-file is about TLS; or add --insecure",
		"a login; WithPrompter sets how":                                                           "a login",
		"expects them in the form (AuthStyle)":                                                     "expects them in the form",
		"follow: tail logs of demo/development/x/a0: rpc error: code = NotFound desc = follow: no": "tail logs of demo/development/x/a0: NotFound: follow: no",
		"flyte: configuration FLYTE_API_KEY: x":                                                    "flyte: configuration FLYTE_API_KEY: x",
		"a firewall, or a network that needs a VPN or a proxy (HTTPS_PROXY, WithProxyURL)":         "a firewall, or a network that needs a VPN or a proxy (HTTPS_PROXY)",
		"the credentials: log in again, or see WithProxyFlow":                                      "the credentials: log in again",
		"no directory for credentials, name one in FileStore.Dir: no home":                         "no directory for credentials: no home",
		"With nothing else": "With nothing else",
		"WithPrompter":      "WithPrompter",
	} {
		if got := Plain(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}
