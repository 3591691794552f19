package flow_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/configstore"
)

// provider is an authorization server with a person who says yes at once. It
// gives each code out for one challenge and takes it once.
type provider struct {
	*httptest.Server

	// answer changes what the browser is sent back with; nil leaves it.
	answer func(back url.Values)
	// token answers the token endpoint; nil means to check the code and grant.
	token http.HandlerFunc

	mu        sync.Mutex
	asked     []url.Values // authorization requests
	exchanged []url.Values // token requests
	revoked   []url.Values
	codes     map[string]url.Values // what each code was given out for
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	p := &provider{codes: map[string]url.Values{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.exchange)
	mux.HandleFunc("POST /revoke", func(_ http.ResponseWriter, r *http.Request) {
		p.note(&p.revoked, r)
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

func (p *provider) note(list *[]url.Values, r *http.Request) url.Values {
	_ = r.ParseForm()
	p.mu.Lock()
	defer p.mu.Unlock()
	*list = append(*list, r.Form)
	return r.Form
}

func (p *provider) seen(list *[]url.Values) []url.Values {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]url.Values(nil), *list...)
}

func (p *provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := p.note(&p.asked, r)
	p.mu.Lock()
	code := fmt.Sprintf("code-canary-%d", len(p.codes))
	p.codes[code] = q
	p.mu.Unlock()
	back := url.Values{"code": {code}, "state": {q.Get("state")}}
	if p.answer != nil {
		p.answer(back)
	}
	w.Header().Set("Location", q.Get("redirect_uri")+"?"+back.Encode())
	w.WriteHeader(http.StatusFound)
}

func (p *provider) exchange(w http.ResponseWriter, r *http.Request) {
	form := p.note(&p.exchanged, r)
	if p.token != nil {
		p.token(w, r)
		return
	}
	p.mu.Lock()
	given, ok := p.codes[form.Get("code")]
	delete(p.codes, form.Get("code"))
	p.mu.Unlock()
	sum := sha256.Sum256([]byte(form.Get("code_verifier")))
	switch {
	case !ok, form.Get("grant_type") != "authorization_code", form.Get("redirect_uri") != given.Get("redirect_uri"),
		form.Get("client_id") != given.Get("client_id"), base64.RawURLEncoding.EncodeToString(sum[:]) != given.Get("code_challenge"):
		answers(400, "application/json", `{"error":"invalid_grant"}`)(w, r)
	default:
		grants(`{"access_token":"at-canary-1","token_type":"bearer","expires_in":3600,"refresh_token":"refresh-canary-1"}`)(w, r)
	}
}

// env is an Env for this provider that prompts into the returned notes.
func (p *provider) env(t *testing.T) (auth.Env, *notes) {
	t.Helper()
	n := &notes{}
	return auth.Env{
		Endpoint: "flyte.example",
		Config: &config{now: configstore.ClientConfig{
			TokenEndpoint: p.URL + "/token", AuthorizationEndpoint: p.URL + "/authorize", RevocationEndpoint: p.URL + "/revoke",
			ClientID: "cli", Scopes: []string{"all", "offline"},
		}},
		HTTP:     client(t),
		Prompter: n,
	}, n
}

// notes is a Prompter that remembers.
type notes struct {
	mu      sync.Mutex
	prompts []auth.Prompt
	err     error
	also    func(auth.Prompt)
}

func (n *notes) Prompt(_ context.Context, p auth.Prompt) error {
	n.mu.Lock()
	n.prompts = append(n.prompts, p)
	n.mu.Unlock()
	if n.also != nil {
		n.also(p)
	}
	return n.err
}

func (n *notes) all() []auth.Prompt {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]auth.Prompt(nil), n.prompts...)
}

// talking is notes that can also be answered.
type talking struct {
	*notes
	lines chan string // closed: no more
}

func (n talking) Reply(ctx context.Context) (string, error) {
	select {
	case line, ok := <-n.lines:
		if !ok {
			return "", io.EOF
		}
		return line, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// visitor is a browser: it goes where it is sent and keeps the last page.
type visitor struct {
	t     *testing.T
	mu    sync.Mutex
	went  []string // addresses that it was opened at
	pages chan page
}

type page struct {
	status int
	body   string
}

func newVisitor(t *testing.T) *visitor {
	t.Helper()
	return &visitor{t: t, pages: make(chan page, 64)}
}

// open is for PKCE.OpenBrowser.
func (v *visitor) open(_ context.Context, address string) error {
	v.mu.Lock()
	v.went = append(v.went, address)
	v.mu.Unlock()
	back, err := follow(address)
	if err != nil {
		return err
	}
	go func() { v.pages <- visit(back) }()
	return nil
}

func (v *visitor) opened() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]string(nil), v.went...)
}

// follow asks the provider and returns where it sends the browser.
func follow(address string) (string, error) {
	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	resp, err := (&http.Client{Transport: tr, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Get(address)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusFound {
		return "", errors.New("the provider answers " + resp.Status)
	}
	return resp.Header.Get("Location"), nil
}

func visit(address string) page {
	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	resp, err := (&http.Client{Transport: tr}).Get(address)
	if err != nil {
		return page{0, err.Error()}
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return page{resp.StatusCode, string(body)}
}

// desk is where a browser can be opened; remote where none can.
var (
	desk   = &flow.Environment{Terminal: true, Display: true}
	remote = &flow.Environment{Terminal: true, Remote: true}
)
