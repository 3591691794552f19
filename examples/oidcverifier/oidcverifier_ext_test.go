package oidcverifier_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/examples/oidcverifier"
	"github.com/jetway-go/jetway/interceptors/serverauth"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

const audience = "https://greeter.example.com"

func newVerifier(t *testing.T, c oidcverifier.Config) *oidcverifier.Verifier {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	c.HTTP = &http.Client{Transport: transport}
	v, err := oidcverifier.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func verify(ctx context.Context, v *oidcverifier.Verifier, token string) (serverauth.Identity, error) {
	return v.Verify(ctx, serverauth.Presented{Scheme: "Bearer", Token: token, Method: "/example.Greeter/Greet"})
}

func TestTokensOfTheMockAreChecked(t *testing.T) {
	t.Parallel()
	m, other := mocktest.New(t), mocktest.New(t)
	v := newVerifier(t, oidcverifier.Config{Issuer: m.Issuer(), Audience: audience, Scopes: []string{"greet"}})
	token := func(m *mockserver.Server, change func(*oauth.TokenSpec)) string {
		spec := oauth.TokenSpec{Subject: "ada", Scopes: []string{"read", "greet"}, Audience: []string{"other", audience}}
		if change != nil {
			change(&spec)
		}
		issued, err := m.Script().IssueToken(spec)
		if err != nil {
			t.Fatal(err)
		}
		return issued.AccessToken
	}
	id, err := verify(t.Context(), v, token(m, nil))
	if err != nil || id.Subject != "ada" || !slices.Equal(id.Scopes, []string{"read", "greet"}) || id.Claims["iss"] != m.Issuer() {
		t.Errorf("%+v, %v", id, err)
	}
	for name, tt := range map[string]struct {
		token string
		want  codes.Code
	}{
		"expired":             {token(m, func(s *oauth.TokenSpec) { s.TTL = -time.Minute }), codes.Unauthenticated},
		"for another service": {token(m, func(s *oauth.TokenSpec) { s.Audience = []string{"other"} }), codes.Unauthenticated},
		"for no service":      {token(m, func(s *oauth.TokenSpec) { s.Audience = nil }), codes.Unauthenticated},
		"of another issuer":   {token(other, nil), codes.Unauthenticated},
		"without the scope":   {token(m, func(s *oauth.TokenSpec) { s.Scopes = []string{"read"} }), codes.PermissionDenied},
	} {
		if id, err := verify(t.Context(), v, tt.token); status.Code(err) != tt.want || id.Subject != "" {
			t.Errorf("%s: %+v, %v", name, id, err)
		}
	}
}

func TestOnlyWhatTheIssuerSignedForThisServiceIsAccepted(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	v := newVerifier(t, oidcverifier.Config{Issuer: i.URL, Audience: audience})
	foreign, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(i.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	good := i.sign(t, "at+jwt", i.claims(nil))
	parts := strings.Split(good, ".")
	forged, err := json.Marshal(i.claims(map[string]any{"sub": "root"}))
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	for name, tt := range map[string]struct {
		token string
		ok    bool
	}{
		"good":                  {good, true},
		"typ in full":           {i.sign(t, "application/at+jwt", i.claims(nil)), true},
		"typ in capitals":       {i.sign(t, "AT+JWT", i.claims(nil)), true},
		"an ID token":           {i.sign(t, "JWT", i.claims(nil)), false},
		"no typ":                {i.sign(t, "", i.claims(nil)), false},
		"no exp":                {i.sign(t, "at+jwt", i.claims(map[string]any{"exp": nil})), false},
		"not yet":               {i.sign(t, "at+jwt", i.claims(map[string]any{"nbf": time.Now().Add(time.Hour).Unix()})), false},
		"no sub":                {i.sign(t, "at+jwt", i.claims(map[string]any{"sub": nil})), false},
		"no aud":                {i.sign(t, "at+jwt", i.claims(map[string]any{"aud": nil})), false},
		"another iss":           {i.sign(t, "at+jwt", i.claims(map[string]any{"iss": i.URL + "/"})), false},
		"bound to a key":        {i.sign(t, "at+jwt", i.claims(map[string]any{"cnf": map[string]any{"jkt": "x"}})), false},
		"another key, same kid": {sign(t, jose.SigningKey{Algorithm: jose.ES256, Key: foreign}, "at+jwt", keyID, i.claims(nil)), false},
		"another key, no kid":   {sign(t, jose.SigningKey{Algorithm: jose.ES256, Key: foreign}, "at+jwt", "", i.claims(nil)), false},
		"MAC by the public key": {sign(t, jose.SigningKey{Algorithm: jose.HS256, Key: public}, "at+jwt", keyID, i.claims(nil)), false},
		"alg none":              {encode([]byte(`{"alg":"none","typ":"at+jwt"}`)) + "." + parts[1] + ".", false},
		"payload replaced":      {parts[0] + "." + encode(forged) + "." + parts[2], false},
		"signature left out":    {parts[0] + "." + parts[1] + ".", false},
		"JSON serialization":    {`{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`, false},
		"no JWT":                {"opaque-token", false},
		"empty":                 {"", false},
		"too long":              {good + strings.Repeat("a", 64<<10), false},
	} {
		id, err := verify(t.Context(), v, tt.token)
		if (err == nil) != tt.ok || (id.Subject == "ada") != tt.ok || !tt.ok && status.Code(err) != codes.Unauthenticated {
			t.Errorf("%s: %+v, %v", name, id, err)
		}
		if err != nil && tt.token != "" && strings.Contains(err.Error(), tt.token) {
			t.Errorf("%s: the error contains the token: %v", name, err)
		}
	}
	if _, err := v.Verify(t.Context(), serverauth.Presented{Scheme: "Basic", Token: good}); status.Code(err) != codes.Unauthenticated {
		t.Errorf("another scheme: %v", err)
	}
	old := newVerifier(t, oidcverifier.Config{Issuer: i.URL, Audience: audience, AnyType: true})
	if _, err := verify(t.Context(), old, i.sign(t, "JWT", i.claims(nil))); err != nil {
		t.Errorf("AnyType: %v", err)
	}
}

func TestMissingKeysAreNotTheCallersFault(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"down":    func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"no JSON": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"flooding": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"keys":[]}` + strings.Repeat(" ", 2<<20)))
		},
		"moved":   func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/moved", http.StatusFound) },
		"hanging": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newIssuer(t)
			v := newVerifier(t, oidcverifier.Config{Issuer: i.URL, Audience: audience, Timeout: 2 * time.Second})
			i.answerKeys(answer)
			good := i.sign(t, "at+jwt", i.claims(nil))
			_, err := verify(t.Context(), v, good)
			if status.Code(err) != codes.Unavailable || strings.Contains(status.Convert(err).Message(), i.URL) {
				t.Errorf("%v", err)
			}
			i.keys.Store(nil)
			if _, err := verify(t.Context(), v, good); err != nil {
				t.Errorf("after the fault: %v", err)
			}
			i.answerKeys(answer)
			if _, err := verify(t.Context(), v, good); err != nil {
				t.Errorf("with the keys in memory: %v", err)
			}
		})
	}
}

func TestConcurrentCallsFetchTheKeysOnceAndLeaveOnTheirOwn(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	v := newVerifier(t, oidcverifier.Config{Issuer: i.URL, Audience: audience})
	release := make(chan struct{})
	i.answerKeys(func(w http.ResponseWriter, _ *http.Request) {
		<-release
		reply(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: i.key.Public(), KeyID: keyID}}})
	})
	good := i.sign(t, "at+jwt", i.claims(nil))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := verify(ctx, v, good); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("the impatient call: %v", err)
	}
	var calls sync.WaitGroup
	for range 20 {
		calls.Go(func() {
			if _, err := verify(t.Context(), v, good); err != nil {
				t.Error(err)
			}
		})
	}
	close(release)
	calls.Wait()
	if n := i.fetches.Load(); n != 1 {
		t.Errorf("%d requests for the keys", n)
	}
}

func TestCallersSeeThePublicTextOnly(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	v := newVerifier(t, oidcverifier.Config{Issuer: i.URL, Audience: audience})
	ctx := metadata.NewIncomingContext(t.Context(), metadata.Pairs("authorization", "Bearer "+i.sign(t, "at+jwt", i.claims(map[string]any{"aud": "billing"}))))
	_, err := serverauth.Unary(v)(ctx, nil, &grpc.UnaryServerInfo{FullMethod: "/example.Greeter/Greet"},
		func(context.Context, any) (any, error) { t.Error("the handler ran"); return "", nil })
	if st := status.Convert(err); st.Code() != codes.Unauthenticated || strings.Contains(st.Message(), "billing") {
		t.Errorf("%v", err)
	}
}

func TestNewNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	for want, c := range map[string]oidcverifier.Config{
		"Audience: not set":    {Issuer: i.URL},
		"Issuer: not set":      {Audience: audience},
		"Issuer: not an https": {Audience: audience, Issuer: "http://login.example.com"},
		"Issuer: has a user":   {Audience: audience, Issuer: "https://ada:s3cret@login.example.com"},
		"jwks_uri: not an":     {Audience: audience, Issuer: i.URL, JWKSURI: "http://login.example.com/keys"},
		"Algorithms: [\"HS256": {Audience: audience, Issuer: i.URL, Algorithms: []string{"ES256", "HS256"}},
		"discover " + i.URL:    {Audience: audience, Issuer: i.URL + "/other"},
	} {
		c.HTTP = i.Client()
		v, err := oidcverifier.New(t.Context(), c)
		if v != nil || err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestKeysCanBeNamedWithoutDiscovery(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	v := newVerifier(t, oidcverifier.Config{
		Issuer: "https://login.example.com", JWKSURI: i.URL + "/keys", Audience: audience, Algorithms: []string{"ES256"},
	})
	if _, err := verify(t.Context(), v, i.sign(t, "at+jwt", i.claims(map[string]any{"iss": "https://login.example.com"}))); err != nil {
		t.Error(err)
	}
}

func Example() {
	verifier, err := oidcverifier.New(context.Background(), oidcverifier.Config{
		Issuer: "https://login.example.com", Audience: audience, JWKSURI: "https://login.example.com/keys",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	s := grpc.NewServer(
		grpc.ChainUnaryInterceptor(serverauth.Unary(verifier)),
		grpc.ChainStreamInterceptor(serverauth.Stream(verifier)),
	)
	s.Stop()
	// Output:
}
