package dextest_test

import (
	"context"
	"fmt"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/platform/kubeflow"
	"github.com/jetway-go/jetway/platform/kubeflow/dextest"
)

// A user logs in at a deployment that asks for approval.
func Example() {
	proxy := dextest.NewServer(dextest.Config{Approval: true})
	defer proxy.Close()

	dex := kubeflow.Dex{Username: dextest.Username, Password: flow.SecretValue(dextest.Password)}
	session, err := dex.Login(context.Background(), proxy.Client(), proxy.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("secured:", session.Secured, "logins:", proxy.Logins())
	// Output: secured: true logins: 1
}
