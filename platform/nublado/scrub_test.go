package nublado

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestAMessageShowsNoSecret(t *testing.T) {
	t.Parallel()
	k := &known{}
	k.add("cookie/canary+1", "abc") // abc is too short to be one
	const token = "gt-AAAAAAAAAAAAAAAAAAAAAA.canarycanarycanaryc2"
	for text, want := range map[string]string{
		"plain abc text":                                    "plain abc text",
		"a\n\u202eb\x1b[31m":                                "a b [31m",
		"it was " + token + " then":                         "it was [redacted] then",
		"gt-AAAAAAAAAAAAAAAAAAAAAA%2Ecanary":                "[redacted]",
		"Authorization: Bearer canaryToken x":               "Authorization: Bearer [redacted] x",
		"bearer canaryToken":                                "bearer [redacted]",
		"cookie/canary+1":                                   "[redacted]",
		"cookie%2Fcanary%2B1 & more":                        "[redacted] & more",
		"/a?response_type%3Dcode%26state%3DcanaryState%26x": "/a?response_type%3Dcode%26state%3D[redacted]",
		"/cb?code=canary&state=canary":                      "/cb?code=[redacted]&state=[redacted]",
		"exit code=137, state=Running":                      "exit code=137, state=Running",
		`window.jhdata = {xsrf_token: "canary", x: 1}`:      `window.jhdata = {xsrf_token: "[redacted]", x: 1}`,
		`"xsrf_token":"canary"`:                             `"xsrf_token":"[redacted]"`,
		"_xsrf=canary; path":                                "_xsrf=[redacted]; path",
		"X-XSRFToken: canary":                               "X-XSRFToken: [redacted]",
		"'_xsrf' argument missing from POST":                "'_xsrf' argument missing from POST",
		"XSRF cookie does not match POST argument":          "XSRF cookie does not match POST argument",
	} {
		got := k.text(text)
		if got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func TestThePageOfAnErrorIsItsText(t *testing.T) {
	t.Parallel()
	k := &known{}
	h := http.Header{"Content-Type": {"text/html; charset=utf-8"}}
	for page, want := range map[string]string{
		"<html><head><title>no</title></head><body><h1>403 : Forbidden</h1><p>a &amp; b</p></body>": "403 : Forbidden a & b",
		"<HEAD>x</HEAD >y":                         "y",
		"<header>kept</header>":                    "kept",
		"<script>var x = '<b>';</script>a<STYLE>b": "a",
		"a<!-- <b> -->c":                           "a c",
		"a<b":                                      "a",
		"&lt;script&gt;":                           "<script>",
		"":                                         "",
		"\xff\xfe<b>\u0130</b>":                    "\u0130",
		"<input name=\"_xsrf\" value=\"canary\">ok": "ok",
		strings.Repeat("<p>", 20_000) + "text":      "text",
		strings.Repeat("x", maxMessage+1):           "",
	} {
		if got := k.message(h, []byte(page)); got != want {
			t.Errorf("%.60q became %q, want %q", page, got, want)
		}
	}
}

func TestTheLastSecretsAreRemembered(t *testing.T) {
	t.Parallel()
	k := &known{}
	for i := range 2 * maxKnown {
		k.add(fmt.Sprintf("secret-%d", i))
	}
	if len(k.all) != maxKnown || k.all[maxKnown-1] != fmt.Sprintf("secret-%d", 2*maxKnown-1) {
		t.Errorf("%d secrets are remembered, the last is %q", len(k.all), k.all[len(k.all)-1])
	}
}
