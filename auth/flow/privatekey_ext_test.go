package flow_test

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
)

// pemOf writes a key as a file would hold it.
func pemOf(t *testing.T, kind string, der []byte, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func ecPEM(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return pemOf(t, "PRIVATE KEY", der, err)
}

func claims(t *testing.T, jwt string) map[string]any {
	t.Helper()
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is no JWT", jwt)
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var c map[string]any
	if err := json.Unmarshal(raw, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// Every attempt has an assertion of its own: servers take each but once.
func TestPrivateKeyProvesTheClient(t *testing.T) {
	t.Parallel()
	text := ecPEM(t)
	synctest.Test(t, func(t *testing.T) {
		rec, env := inMemoryEndpoint(inTurn(comeBack(503, "1"), grants(goodToken)))
		f := flow.ClientCredentials{ClientID: "batch", PrivateKey: flow.PrivateKey{PEM: flow.SecretValue(text)}}
		if _, err := f.Obtain(t.Context(), env, nil); err != nil {
			t.Fatal(err)
		}
		f.PrivateKey.Audience = "https://idp.example"
		if _, err := f.Obtain(t.Context(), env, nil); err != nil {
			t.Fatal(err)
		}
		ids := map[any]bool{}
		for i, r := range rec.requests() {
			if r.form["client_assertion_type"] != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" ||
				r.header.Get("Authorization") != "" || r.form["client_secret"] != "" || r.form["client_id"] != "batch" {
				t.Errorf("form %v", r.form)
			}
			c := claims(t, r.form["client_assertion"])
			ids[c["jti"]] = true
			want := "https://idp.example/token"
			if i == 2 {
				want = "https://idp.example"
			}
			if c["aud"] != want || c["iss"] != "batch" || c["sub"] != "batch" {
				t.Errorf("claims %v, want audience %s", c, want)
			}
		}
		if len(ids) != 3 {
			t.Errorf("%d different assertions in %d requests, want 3", len(ids), len(rec.requests()))
		}
	})
}

func TestAssertionIssuedByAnotherPartyIsSent(t *testing.T) {
	t.Parallel()
	rec, env := tokenEndpoint(t, grants(goodToken))
	f := flow.ClientCredentials{ClientID: "batch", Assertion: flow.SecretFile(write(t, "projected.token.x\n"))}
	if _, err := f.Obtain(t.Context(), env, nil); err != nil {
		t.Fatal(err)
	}
	if got := rec.requests()[0].form["client_assertion"]; got != "projected.token.x" {
		t.Errorf("assertion %q", got)
	}
}

func TestKeysInEveryForm(t *testing.T) {
	t.Parallel()
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(ec)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(rs)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	edDER, err := x509.MarshalPKCS8PrivateKey(ed)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"PKCS #8 Ed25519": pemOf(t, "PRIVATE KEY", edDER, nil),
		// As "openssl ecparam -genkey" writes it, and as some bundle it with its certificate.
		"after parameters":    pemOf(t, "EC PARAMETERS", []byte{6, 8, 42, 134, 72, 206, 61, 3, 1, 7}, nil) + pemOf(t, "EC PRIVATE KEY", sec1, nil),
		"after a certificate": "Bag Attributes\n" + pemOf(t, "CERTIFICATE", []byte("x"), nil) + pemOf(t, "PRIVATE KEY", pkcs8, nil),
		"after a mark":        "\ufeff" + pemOf(t, "PRIVATE KEY", pkcs8, nil),
		"PKCS #8 EC":          ecPEM(t), "SEC 1": pemOf(t, "EC PRIVATE KEY", sec1, nil),
		"PKCS #8 RSA": pemOf(t, "PRIVATE KEY", pkcs8, nil), "PKCS #1": pemOf(t, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rs), nil),
	} {
		rec, env := tokenEndpoint(t, grants(goodToken))
		f := flow.ClientCredentials{ClientID: "batch", PrivateKey: flow.PrivateKey{PEM: flow.SecretFile(write(t, text)), ID: "k"}}
		if _, err := f.Obtain(t.Context(), env, nil); err != nil || len(rec.requests()) != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKeysThatCannotSign(t *testing.T) {
	t.Parallel()
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	other, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	otherDER, err := x509.MarshalECPrivateKey(other)
	if err != nil {
		t.Fatal(err)
	}
	exchange, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	exchangeDER, err := x509.MarshalPKCS8PrivateKey(exchange)
	locked := string(pem.EncodeToMemory(&pem.Block{
		Type: "RSA PRIVATE KEY", Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-256-CBC,00"}, Bytes: []byte("key-canary"),
	}))
	tests := map[string]flow.Secret{
		"is encrypted: give":   flow.SecretValue(locked),
		"not in PEM form":      flow.SecretValue("key-canary"),
		"is broken":            flow.SecretValue(pemOf(t, "PRIVATE KEY", []byte("key-canary"), nil)),
		"is encrypted":         flow.SecretValue(pemOf(t, "ENCRYPTED PRIVATE KEY", []byte("key-canary"), nil)),
		"but no private key":   flow.SecretValue(pemOf(t, "CERTIFICATE", []byte("key-canary"), nil)),
		"RSA keys need 2048":   flow.SecretValue(pemOf(t, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(small), nil)),
		"another curve":        flow.SecretValue(pemOf(t, "EC PRIVATE KEY", otherDER, nil)),
		"neither RSA, ECDSA n": flow.SecretValue(pemOf(t, "PRIVATE KEY", exchangeDER, err)),
		"no such file":         flow.SecretFile("/run/secrets/none"),
	}
	rec, env := tokenEndpoint(t, grants(goodToken))
	for want, secret := range tests {
		_, err := flow.ClientCredentials{ClientID: "batch", PrivateKey: flow.PrivateKey{PEM: secret}}.Obtain(t.Context(), env, nil)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "private key") {
			t.Errorf("got %v, want an error with %q", err, want)
		}
		if text := printed(err); findCanary(text, "key-canary") != "" || strings.Contains(text, base64.StdEncoding.EncodeToString([]byte("key-canary"))) {
			t.Errorf("the key shows up in %v", err)
		}
	}
	if n := len(rec.requests()); n != 0 {
		t.Errorf("%d requests, want none", n)
	}
	_, err = flow.ClientCredentials{ClientID: "b", Secret: flow.SecretValue("s"), PrivateKey: flow.PrivateKey{PEM: flow.SecretValue("k")}}.
		Obtain(t.Context(), env, nil)
	if err == nil || !strings.Contains(err.Error(), "not several") {
		t.Errorf("got %v for two proofs", err)
	}
}

// A client that the server does not know is asked for once: a new assertion is no
// new request.
func TestUnknownKeyIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	rec, env := tokenEndpoint(t, answers(401, "application/json", `{"error":"invalid_client"}`))
	f := flow.ClientCredentials{ClientID: "batch", PrivateKey: flow.PrivateKey{PEM: flow.SecretValue(ecPEM(t))}}
	if _, err := f.Obtain(t.Context(), env, nil); !errors.Is(err, auth.ErrRejected) || len(rec.requests()) != 1 {
		t.Errorf("got %v after %d requests, want one rejection", err, len(rec.requests()))
	}
}
