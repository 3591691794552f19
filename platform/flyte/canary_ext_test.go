package flyte_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/mockserver"
)

// Whatever is wrong with the configuration, no secret of it shows anywhere.
func TestFlyteShowsNoSecret(t *testing.T) {
	t.Parallel()
	const canary = "canary-secret"
	s := mock(t, mockserver.WithClient("c", "another-secret"))
	var seen bytes.Buffer
	dump := func(v any) {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			fmt.Fprintf(&seen, verb+"\n", v)
		}
		if text, err := json.Marshal(v); err == nil {
			seen.Write(text)
		}
		for err, ok := v.(error); ok && err != nil; err = errors.Unwrap(err) {
			fmt.Fprintf(&seen, "%#v %v\n", err, status.Convert(err).Proto())
		}
	}
	logger := slog.New(slog.NewJSONHandler(&seen, &slog.HandlerOptions{Level: slog.LevelDebug}))
	base := []string{"FLYTE_ADMIN_ENDPOINT", s.Endpoint(), "FLYTE_ADMIN_INSECURE", "true", "FLYTE_ADMIN_CLIENTID", "c"}
	for _, more := range [][]string{
		{"FLYTE_ADMIN_CLIENTSECRETENVVAR", "S", "S", canary},
		{"FLYTE_ADMIN_CLIENTSECRETLOCATION", write(t, t.TempDir(), "secret", canary)},
		{"FLYTE_API_KEY", canary},
		{"FLYTE_API_KEY", s.APIKey()[:20] + canary},
		{"FLYTE_ADMIN_AUTHTYPE", "command", "FLYTE_ADMIN_COMMAND", "false --password " + canary},
		{"FLYTE_ADMIN_AUTHTYPE", "command", "FLYTE_ADMIN_COMMAND", "no-such-program " + canary, "FLYTE_ADMIN_PROXYCOMMAND", "false " + canary},
		{"FLYTE_ADMIN_HTTPPROXYURL", "http://user:" + canary + "@proxy:1"},
		{"FLYTE_ADMIN_HTTPPROXYURL", "socks9://user:" + canary + "@proxy:1"},
		{"FLYTE_ADMIN_ENDPOINT", "https://user:" + canary + "@h"},
	} {
		r := newPlace(t, append(base, more...)...).resolver()
		c, err := r.Load()
		dump(err)
		if err == nil {
			dump(c)
			dump(c.Explain())
		}
		target, err := r.Resolve(t.Context(), nil)
		dump(target)
		dump(target.Flow)
		dump(err)
		dump(call(t, s, r, clientset.WithLogger(logger), clientset.WithoutRetry()))
	}
	text := seen.String()
	for _, form := range []string{canary, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary)} {
		if at := strings.Index(text, form); at >= 0 {
			t.Errorf("a secret shows in: …%s…", text[max(0, at-300):min(len(text), at+60)])
		}
	}
	for _, proof := range []string{"invalid_client", "[redacted]", "FLYTE_API_KEY", "no-such-program"} {
		if !strings.Contains(text, proof) {
			t.Errorf("the scan saw nothing of %q, so it proves little", proof)
		}
	}
}
