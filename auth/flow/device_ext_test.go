package flow_test

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/configstore"
)

// rfcOffer is the example of RFC 8628 §3.2, which has interval 5.
const rfcOffer = `{"device_code":"GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS","user_code":"WDJB-MJHT",` +
	`"verification_uri":"https://example.com/device","verification_uri_complete":"https://example.com/device?user_code=WDJB-MJHT",` +
	`"expires_in":1800,"interval":5}`

const rfcDeviceCode = "GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS"

// Answers of a token endpoint to a poll.
func pending(w http.ResponseWriter, r *http.Request) { says("authorization_pending")(w, r) }
func slow(w http.ResponseWriter, r *http.Request)    { says("slow_down")(w, r) }
func says(code string) http.HandlerFunc {
	return answers(400, "application/json", fmt.Sprintf(`{"error":%q}`, code))
}
func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// device is an authorization server without sockets, for fake time.
type device struct {
	mu     sync.Mutex
	offers []url.Values
	polls  []url.Values
	at     []time.Duration // of the polls, since the offer
	start  time.Time

	offer http.HandlerFunc
	poll  http.HandlerFunc
	cut   func(r *http.Request) error // a network that fails; nil: works
}

func (d *device) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	d.mu.Lock()
	h := d.offer
	if r.URL.Path == "/device" {
		d.offers, d.start = append(d.offers, r.PostForm), time.Now()
	} else {
		h = d.poll
		d.polls, d.at = append(d.polls, r.PostForm), append(d.at, time.Since(d.start))
	}
	d.mu.Unlock()
	h(w, r)
}

func (d *device) RoundTrip(r *http.Request) (*http.Response, error) {
	if d.cut != nil {
		if err := d.cut(r); err != nil {
			return nil, err
		}
	}
	return inMemory{d}.RoundTrip(r)
}

func (d *device) env() (auth.Env, *notes) {
	n := &notes{}
	return auth.Env{
		Config: &config{now: configstore.ClientConfig{
			TokenEndpoint: "https://idp.example/token", DeviceAuthorizationEndpoint: "https://idp.example/device",
			ClientID: "cli", Scopes: []string{"all"},
		}},
		HTTP: &http.Client{Transport: d}, Prompter: n,
	}, n
}

func TestDeviceLogin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &device{offer: grants(rfcOffer), poll: inTurn(pending, grants(goodToken))}
		env, prompts := d.env()
		set(env, func(c *configstore.ClientConfig) {
			c.Audience, c.TokenEndpoint, c.DeviceAuthorizationEndpoint = "api", " "+c.TokenEndpoint+"\n", c.DeviceAuthorizationEndpoint+" "
		})
		start := time.Now()

		c, err := flow.DeviceCode{}.Obtain(t.Context(), env, nil)
		if err != nil || c.AccessToken != "at-canary-1" || c.ClientID != "cli" || time.Until(c.Expiry) != time.Hour {
			t.Fatalf("got %v and %v", c, err)
		}
		want := []auth.Prompt{{
			URL: "https://example.com/device", CompleteURL: "https://example.com/device?user_code=WDJB-MJHT", Code: "WDJB-MJHT",
			Expiry: start.Add(15 * time.Minute), // ours is shorter than the server's
		}}
		if diff := cmp.Diff(want, prompts.all()); diff != "" {
			t.Errorf("prompts (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(url.Values{"client_id": {"cli"}, "scope": {"all"}, "audience": {"api"}}, d.offers[0]); diff != "" {
			t.Errorf("device request (-want +got):\n%s", diff)
		}
		poll := url.Values{
			"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {rfcDeviceCode}, "client_id": {"cli"},
		}
		if diff := cmp.Diff([]url.Values{poll, poll}, d.polls); diff != "" {
			t.Errorf("polls (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]time.Duration{5 * time.Second, 10 * time.Second}, d.at); diff != "" {
			t.Errorf("polled at (-want +got):\n%s", diff)
		}
	})
}

func TestPollingPace(t *testing.T) {
	t.Parallel()
	offer := func(interval string) string {
		return `{"device_code":"d","user_code":"u","verification_uri":"https://example.com/device","expires_in":900` + interval + `}`
	}
	unavailable, busy, web := answers(503, "", ""), comeBack(429, "20"), answers(502, "text/html", "<html>")
	tests := map[string]struct {
		interval string
		answers  []http.HandlerFunc
		want     []int // seconds at which polls arrive
	}{
		"as told":                {`,"interval":7`, []http.HandlerFunc{pending, pending}, []int{7, 14, 21}},
		"missing":                {``, []http.HandlerFunc{pending}, []int{5, 10}},
		"null":                   {`,"interval":null`, []http.HandlerFunc{pending}, []int{5, 10}},
		"negative":               {`,"interval":-1`, []http.HandlerFunc{pending}, []int{5, 10}},
		"zero":                   {`,"interval":0`, []http.HandlerFunc{pending}, []int{5, 10}},
		"huge":                   {`,"interval":1e300`, []http.HandlerFunc{pending}, []int{60, 120}},
		"text":                   {`,"interval":"3"`, []http.HandlerFunc{pending}, []int{3, 6}},
		"nonsense":               {`,"interval":{"x":1}`, []http.HandlerFunc{pending}, []int{5, 10}},
		"slow down, for good":    {``, []http.HandlerFunc{slow, pending, pending}, []int{5, 15, 25, 35}},
		"slow down, repeatedly":  {``, []http.HandlerFunc{slow, slow, slow, pending}, []int{5, 15, 30, 50, 70}},
		"503 of a framework":     {``, []http.HandlerFunc{answers(503, "application/json", `{"status":503,"error":"Service Unavailable"}`), pending}, []int{5, 15, 20}},
		"slow down after a 503":  {``, []http.HandlerFunc{unavailable, slow, pending}, []int{5, 15, 25, 35}},
		"a day's Retry-After":    {``, []http.HandlerFunc{comeBack(503, "86400"), pending}, []int{5, 75, 80}},
		"endless Retry-After":    {``, []http.HandlerFunc{comeBack(503, "99999999999999999999"), pending}, []int{5, 75, 80}},
		"503 in the middle":      {``, []http.HandlerFunc{pending, unavailable, pending}, []int{5, 10, 20, 25}},
		"back-off doubles":       {``, []http.HandlerFunc{unavailable, web, unavailable, pending}, []int{5, 15, 35, 75, 80}},
		"back-off has a limit":   {`,"interval":40`, []http.HandlerFunc{unavailable, unavailable, pending}, []int{40, 100, 160, 200}},
		"Retry-After":            {``, []http.HandlerFunc{busy, pending}, []int{5, 35, 40}},
		"no answer in time":      {``, []http.HandlerFunc{hang, pending}, []int{5, 25, 30}},
		"a page in between":      {``, []http.HandlerFunc{answers(200, "text/html", "<html>log in to this network</html>")}, []int{5, 15}},
		"pending, HTTP 200":      {``, []http.HandlerFunc{answers(200, "application/json", `{"error":"authorization_pending"}`)}, []int{5, 10}},
		"pending, as text":       {``, []http.HandlerFunc{answers(428, "text/plain", `{"error":"authorization_pending"}`)}, []int{5, 10}},
		"server_error as a code": {``, []http.HandlerFunc{says("server_error")}, []int{5, 15}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &device{offer: grants(offer(tc.interval)), poll: inTurn(append(tc.answers, grants(goodToken))...)}
				env, _ := d.env()
				if _, err := (flow.DeviceCode{}).Obtain(t.Context(), env, nil); err != nil {
					t.Error(err)
				}
				var got []int
				for _, at := range d.at {
					got = append(got, int(at/time.Second))
				}
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Errorf("polled at (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// A certificate that is not to be trusted does not become so by waiting.
func TestPollsAnsweredByAnotherServerContinue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &device{offer: grants(rfcOffer), poll: grants(goodToken)}
		d.cut = func(r *http.Request) error {
			if r.URL.Path == "/token" {
				return &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}
			}
			return nil
		}
		env, _ := d.env()
		start := time.Now()
		_, err := flow.DeviceCode{}.Obtain(t.Context(), env, nil)
		cert := (*tls.CertificateVerificationError)(nil)
		if !errors.As(err, &cert) || time.Since(start) != 5*time.Second {
			t.Errorf("got %v after %v, want the first poll's", err, time.Since(start))
		}
	})
}

// RFC 8628 §3.5: a poll that the network loses is tried again, less often.
func TestPollsThatGetLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &device{offer: grants(rfcOffer), poll: grants(goodToken)}
		lost := 0
		d.cut = func(r *http.Request) error {
			if r.URL.Path == "/token" && lost < 3 {
				lost++
				return io.ErrUnexpectedEOF
			}
			return nil
		}
		env, _ := d.env()
		if _, err := (flow.DeviceCode{}).Obtain(t.Context(), env, nil); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]time.Duration{75 * time.Second}, d.at); diff != "" { // 5, then after 10, 20 and 40 more
			t.Errorf("polled at (-want +got):\n%s", diff)
		}
	})
}

// However it waits, a login leaves with its caller.
func TestDeviceLoginLeavesWithItsCaller(t *testing.T) {
	t.Parallel()
	const leave = 6500 * time.Millisecond
	tests := map[string]*device{
		"asking for a code": {offer: hang, poll: pending},
		"between polls":     {offer: grants(rfcOffer), poll: pending},
		"in a poll":         {offer: grants(rfcOffer), poll: hang},
		"in a Retry-After":  {offer: grants(rfcOffer), poll: comeBack(503, "60")},
	}
	for name, d := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				env, _ := d.env()
				start := time.Now()
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(leave, cancel)
				_, err := flow.DeviceCode{}.Obtain(ctx, env, nil)
				if !errors.Is(err, context.Canceled) || status.Code(err) != codes.Canceled || errors.Is(err, auth.ErrDeclined) {
					t.Errorf("got %v with code %v, want the caller's cancellation", err, status.Code(err))
				}
				if took := time.Since(start) - leave; took > 100*time.Millisecond {
					t.Errorf("left %v after its caller", took)
				}
				start = time.Now()
				ctx, cancel = context.WithTimeout(t.Context(), leave)
				defer cancel()
				_, err = flow.DeviceCode{}.Obtain(ctx, env, nil)
				if !errors.Is(err, context.DeadlineExceeded) || status.Code(err) != codes.DeadlineExceeded || time.Since(start) != leave {
					t.Errorf("got %v with code %v after %v, want the caller's deadline", err, status.Code(err), time.Since(start))
				}
			})
		})
	}
}

func TestDeviceLoginSaysWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &device{offer: grants(rfcOffer), poll: grants(goodToken)}
		env, _ := d.env()
		f := flow.DeviceCode{
			ClientID: "own", Scopes: []string{"x", "y"}, Audience: "mine", Resources: []string{"https://a.example/"}, PKCE: true,
			Extra: url.Values{"connector_id": {"corp"}}, TokenExtra: url.Values{"vendor": {"1"}},
		}
		if _, err := f.Obtain(t.Context(), env, nil); err != nil {
			t.Fatal(err)
		}
		verifier := d.polls[0].Get("code_verifier")
		sum := sha256.Sum256([]byte(verifier))
		want := url.Values{
			"client_id": {"own"}, "scope": {"x y"}, "audience": {"mine"}, "resource": {"https://a.example/"}, "connector_id": {"corp"},
			"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
		}
		if diff := cmp.Diff(want, d.offers[0]); diff != "" || len(verifier) < 43 {
			t.Errorf("verifier %q, device request (-want +got):\n%s", verifier, diff)
		}
		if got := d.polls[0]; got.Get("vendor") != "1" || got.Get("resource") != "https://a.example/" || got.Has("connector_id") || got.Has("scope") {
			t.Errorf("poll %v", got)
		}
	})
}

// A client with a secret shows it at both endpoints, in the one way that is agreed.
func TestDeviceClientWithASecret(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		style  flow.AuthStyle
		header string
		form   url.Values
	}{
		"header":     {flow.StyleFromServer, "Basic Y2xpOiUyNQ==", url.Values{}},
		"raw header": {flow.StyleBasicRaw, "Basic Y2xpOiU=", url.Values{}},
		"form":       {flow.StyleForm, "", url.Values{"client_id": {"cli"}, "client_secret": {"%"}}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &device{offer: grants(rfcOffer), poll: grants(goodToken)}
				var headers []string
				d.cut = func(r *http.Request) error {
					headers = append(headers, r.Header.Get("Authorization"))
					if got := r.Header.Get("Accept"); got != "application/json" {
						t.Errorf("%s is asked for %q", r.URL.Path, got)
					}
					return nil
				}
				env, _ := d.env()
				if _, err := (flow.DeviceCode{ClientSecret: flow.SecretValue("%"), AuthStyle: tc.style}).Obtain(t.Context(), env, nil); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff([]string{tc.header, tc.header}, headers); diff != "" {
					t.Errorf("Authorization (-want +got):\n%s", diff)
				}
				for _, form := range []url.Values{d.offers[0], d.polls[0]} {
					got := url.Values{}
					for _, name := range []string{"client_id", "client_secret"} {
						if form.Has(name) {
							got[name] = form[name]
						}
					}
					if diff := cmp.Diff(tc.form, got); diff != "" {
						t.Errorf("form (-want +got):\n%s", diff)
					}
				}
			})
		})
	}
}
