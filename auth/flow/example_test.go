package flow_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/configstore"
)

// obtain stands in for an authenticator.
func obtain(f auth.Flow, env auth.Env) {
	creds, err := f.Obtain(context.Background(), env, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	key, value := creds.Header()
	fmt.Println(key+":", value)
}

type fixed configstore.ClientConfig

func (c fixed) ClientConfig(context.Context) (configstore.ClientConfig, error) {
	return configstore.ClientConfig(c), nil
}

func ExampleClientCredentials() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"access_token":"token-of-the-day","token_type":"bearer","expires_in":3600}`)
	}))
	defer server.Close()
	defer server.Client().CloseIdleConnections()

	login := flow.ClientCredentials{ClientID: "batch", Secret: flow.SecretValue("s3cret")}
	fmt.Printf("%v\n", login.Secret)
	obtain(login, auth.Env{HTTP: server.Client(), Config: fixed{TokenEndpoint: server.URL}})
	// Output:
	// [redacted]
	// authorization: Bearer token-of-the-day
}

func ExampleClientCredentials_misconfigured() {
	obtain(flow.ClientCredentials{ClientID: "batch", Secret: flow.SecretFile("/run/secrets/none")},
		auth.Env{Config: fixed{TokenEndpoint: "https://idp.example/token"}})
	// Output:
	// client credentials: client secret: stat /run/secrets/none: no such file or directory
}

func ExampleStaticToken() {
	obtain(flow.StaticToken("given-to-the-program"), auth.Env{})
	// Output:
	// authorization: Bearer given-to-the-program
}

func ExampleStored() {
	obtain(flow.Stored{}, auth.Env{})
	// Output:
	// stored: interactive login required: there is no usable stored login; make one with a flow for people, such as flow.Auto, or give this program a flow of its own, such as client credentials
}

func ExamplePKCE() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"access_token":"token-of-a-person","token_type":"bearer","expires_in":3600}`)
	}))
	defer server.Close()
	defer server.Client().CloseIdleConnections()

	login := flow.PKCE{OpenBrowser: comesBack} // leave it out to have the system's browser
	obtain(login, auth.Env{HTTP: server.Client(), Prompter: auth.Terminal(nil, io.Discard), Config: fixed{
		ClientID: "cli", AuthorizationEndpoint: "https://idp.example/authorize", TokenEndpoint: server.URL,
	}})
	// Output:
	// authorization: Bearer token-of-a-person
}

func ExampleAuto() {
	build := flow.Environment{CI: true}
	obtain(flow.Auto{Environment: &build}, auth.Env{Prompter: auth.Terminal(nil, io.Discard), Config: fixed{TokenEndpoint: "https://idp.example/token"}})
	// Output:
	// auto: interactive login required, but no person can answer here ($CI is set): log in once where a person can, or give this program a flow for machines, such as client credentials
}

func ExampleTokenFile() {
	obtain(flow.TokenFile{Path: "/var/run/secrets/none"}, auth.Env{})
	// Output:
	// token file: stat /var/run/secrets/none: no such file or directory
}

// A vault, a cloud's library or a test can be a flow.
func ExampleFunc() {
	vault := flow.Func{Name: "vault", Login: func(context.Context, auth.Env, *auth.Credentials) (*auth.Credentials, error) {
		return &auth.Credentials{AccessToken: "token-from-the-vault"}, nil
	}}
	obtain(vault, auth.Env{})
	// Output:
	// authorization: Bearer token-from-the-vault
}

// Libraries that take a source of golang.org/x/oauth2 share the login.
func ExampleTokenSource() {
	a := auth.New(auth.Key{Endpoint: "flyte.example.com"}, flow.StaticToken("given-to-the-program"), auth.Env{})
	defer a.Close()
	token, err := flow.TokenSource(context.Background(), a).Token()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(token.Type(), token.AccessToken)
	// Output:
	// Bearer given-to-the-program
}
