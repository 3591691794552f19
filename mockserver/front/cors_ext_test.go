package front_test

import (
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc"

	"github.com/jetway-go/jetway/mockserver/front"
)

const (
	page      = "http://localhost:5173"
	allowed   = "Access-Control-Allow-Origin"
	asJSON    = "Content-Type: application/json"
	preflight = "Access-Control-Request-Method: POST"
)

func TestPagesOfAllowedOriginsMayCall(t *testing.T) {
	t.Parallel()
	cfg := front.Config{
		Origins: []string{page, "https://console.example"},
		Shared: func(method string) bool {
			return strings.HasPrefix(method, service) || method == "/some.other.Service/Get"
		},
	}
	url, client := serve(t, transports()[0], cfg)
	for name, tt := range map[string]struct {
		path, origin string
		want         bool
	}{
		"a page":            {unaryCall, page, true},
		"another":           {unaryCall, "https://console.example", true},
		"a missing method":  {"/some.other.Service/Get", page, true},
		"another port":      {unaryCall, "http://localhost:5174", false},
		"a longer name":     {unaryCall, page + ".evil.example", false},
		"a sandboxed frame": {unaryCall, "null", false},
		"no page":           {unaryCall, "", false},
		"what is not Shared, as the mock's own service": {"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", page, false},
		"what is no call": {"/oauth2/token", page, false},
	} {
		headers := []string{asJSON}
		if tt.origin != "" {
			headers = append(headers, "Origin: "+tt.origin)
		}
		want := ""
		if tt.want {
			want = tt.origin
		}
		resp, _ := send(t, client, http.MethodPost, url+tt.path, "{}", headers...)
		if got := resp.Header.Get(allowed); got != want {
			t.Errorf("%s: call: %s is %q", name, allowed, got)
		}
		resp, _ = send(t, client, http.MethodOptions, url+tt.path, "",
			append(headers, preflight, "Access-Control-Request-Headers: authorization, x-note")...)
		if got := resp.Header.Get(allowed); got != want {
			t.Errorf("%s: preflight: %s is %q", name, allowed, got)
		}
		if tt.want && (resp.StatusCode != http.StatusNoContent || !strings.Contains(resp.Header.Get("Access-Control-Allow-Headers"), "x-note")) {
			t.Errorf("%s: preflight: %d %v", name, resp.StatusCode, resp.Header)
		}
	}
}

// The pages of an allowed origin can read what ends a call, whatever ended it.
func TestPagesMayReadStatusAndErrors(t *testing.T) {
	t.Parallel()
	refuse := func(w http.ResponseWriter, r *http.Request, _ front.Call) bool {
		if r.Header.Get("X-Refuse") == "" {
			return false
		}
		w.WriteHeader(http.StatusUnauthorized)
		return true
	}
	url, client := serve(t, transports()[0], front.Config{Origins: []string{page}, Answer: refuse})
	for name, header := range map[string]string{"a status": "X: y", "a bare answer": "X-Refuse: yes"} {
		resp, _ := send(t, client, http.MethodPost, url+unaryCall, "\x00\x00\x00\x00\x00", "Content-Type: application/grpc-web", "Origin: "+page, header)
		if resp.Header.Get(allowed) != page || !strings.Contains(resp.Header.Get("Access-Control-Expose-Headers"), "Grpc-Status") ||
			resp.Header.Get("Vary") != "Origin" {
			t.Errorf("%s: %v", name, resp.Header)
		}
	}
}

func TestNoPageMayCallByDefault(t *testing.T) {
	t.Parallel()
	url, client := serve(t, transports()[0], front.Config{})
	for _, method := range []string{http.MethodPost, http.MethodOptions} {
		resp, _ := send(t, client, method, url+unaryCall, "{}", asJSON, "Origin: "+page, preflight)
		for name := range resp.Header {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s: %s: %v", method, name, resp.Header[name])
			}
		}
	}
}

func TestOnlyOriginsAreAllowed(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"*", "null", "", "localhost:5173", page + "/", page + "/app", "http://*.example", "http://u:p@host"} {
		if _, err := front.New(grpc.NewServer(), front.Config{Origins: []string{text}}); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}
