package platform_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/platform"
)

// A target may hold a password in its proxy's URL, a token in its flow and a key in its
// configuration. What it prints is the endpoint, the user and the type of the flow.
func TestTargetIsPrintedWithoutItsSecrets(t *testing.T) {
	t.Parallel()
	const secret = "open-sesame"
	target := platform.Target{
		Endpoint:  "flyte.example.com",
		User:      "ada",
		Flow:      flow.StaticToken(secret),
		ProxyURL:  "http://user:" + secret + "@proxy:3128",
		ProxyFlow: flow.StaticToken(secret),
		Config:    configstore.ClientConfig{TokenEndpoint: "https://login.example.com/?key=" + secret},
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("resolved", "target", target, "pointer", &target)
	document, err := json.Marshal(map[string]any{"target": target, "pointer": &target})
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{"slog": log.String(), "JSON": string(document), "String": target.String()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		texts[verb] = fmt.Sprintf(verb, target)
		texts[verb+" of a pointer"] = fmt.Sprintf(verb, &target)
		texts[verb+" inside"] = fmt.Sprintf(verb, []platform.Target{target})
	}
	for how, text := range texts {
		if strings.Contains(text, secret) || strings.Contains(text, fmt.Sprintf("%x", secret)) {
			t.Errorf("%s shows the secret: %s", how, text)
		}
		for _, want := range []string{"flyte.example.com", "of ada", "flow."} {
			if !strings.Contains(text, want) {
				t.Errorf("%s does not contain %q: %s", how, want, text)
			}
		}
	}
	for want, target := range map[string]platform.Target{
		"target h":          {Endpoint: "h"},
		"target h:1":        {Endpoint: "h:1", HTTPBase: "https://web"},
		"target web.test:8": {HTTPBase: "https://u:" + secret + "@web.test:8/p?key=" + secret},
		"target ":           {HTTPBase: "https://h:" + secret},
	} {
		if got := target.String(); got != want {
			t.Errorf("a bare target reads %q, want %q", got, want)
		}
	}
}

func TestResolverFuncCallsItsFunction(t *testing.T) {
	t.Parallel()
	type key struct{}
	client, failed := &http.Client{}, errors.New("NO_SUCH_VARIABLE is not set")
	var r platform.Resolver = platform.ResolverFunc(func(ctx context.Context, hc *http.Client) (platform.Target, error) {
		if ctx.Value(key{}) == nil || hc != client {
			t.Error("the function did not get the arguments of Resolve")
		}
		return platform.Target{Endpoint: "h"}, failed
	})
	got, err := r.Resolve(context.WithValue(t.Context(), key{}, true), client)
	if got.Endpoint != "h" || !errors.Is(err, failed) {
		t.Errorf("Resolve = %v, %v; want what the function returned", got, err)
	}
}
