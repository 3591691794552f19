package flow_test

import (
	"context"
	"fmt"
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

func ExampleToken() {
	obtain(flow.Token("given-by-somebody"), auth.Env{})
	// Output:
	// authorization: Bearer given-by-somebody
}

func ExampleStored() {
	obtain(flow.Stored{}, auth.Env{})
	// Output:
	// stored: interactive login required: there is no usable stored login; log in once with an interactive flow, or give this program a flow of its own, such as client credentials
}
