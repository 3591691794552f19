package clientset_test

import (
	"testing"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/configstore"
)

// The key of the login names the client and the audience that the program sets: on the
// flow, else by an option.
func TestKeyNamesTheClientAndTheAudienceThatAreSet(t *testing.T) {
	t.Parallel()
	byOption := clientset.WithClientConfig(configstore.ClientConfig{ClientID: "option", Audience: "api"})
	for name, tt := range map[string]struct {
		opts             []clientset.Option
		client, audience string
	}{
		"nothing": {nil, "", ""},
		"option":  {[]clientset.Option{byOption}, "option", "api"},
		"flow":    {[]clientset.Option{byOption, clientset.WithFlow(flow.PKCE{ClientID: "own", Audience: "mine"})}, "own", "mine"},
		"a flow that names one of them": {[]clientset.Option{byOption, clientset.WithFlow(flow.DeviceCode{Audience: "mine"})},
			"option", "mine"},
	} {
		cs := made(t)(clientset.ForEndpoint("flyte.example.com", append(tt.opts, clientset.WithoutStore())...))
		want := auth.Key{Endpoint: "flyte.example.com", ClientID: tt.client, Audience: tt.audience, Flow: auth.StoredFlow}
		if got := cs.Authenticator().Status().Key; got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}
