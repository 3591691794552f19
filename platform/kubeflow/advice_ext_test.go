package kubeflow_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/platform/kubeflow"
	"github.com/jetway-go/jetway/platform/kubeflow/dextest"
)

// A Dex without the connector that was asked for says "Bad Request" and no more.
func TestAMissingConnectorIsNamed(t *testing.T) {
	t.Parallel()
	proxy := dextest.NewServer(dextest.Config{Connectors: []string{"ldap", "github"}})
	defer proxy.Close()
	dex := kubeflow.Dex{Username: dextest.Username, Password: flow.SecretValue(dextest.Password)}
	session, err := dex.Login(t.Context(), http.DefaultClient, proxy.URL)
	if _, ok := errors.AsType[*kubeflow.StatusError](err); !ok {
		t.Fatalf("%v, want a *StatusError", err)
	}
	contains(t, err.Error(), `connector "local"`, "Dex.Connector")
	if got := session.String(); got != "no session" {
		t.Errorf("what there is after a failed login reads %q", got)
	}
}
