package hubtest_test

import (
	"context"
	"fmt"
	"time"

	"github.com/jetway-go/jetway/platform/jupyterhub"
	"github.com/jetway-go/jetway/platform/jupyterhub/hubtest"
)

// A service asks the hub whose token it was sent.
func Example() {
	hub := hubtest.NewServer(hubtest.Config{})
	defer hub.Close()
	hub.AddUser(hubtest.User{Name: "inara", Groups: []string{"guild"}})
	hub.AddService(hubtest.Service{Name: "whoami"})

	environment := hub.ServiceEnv("whoami")
	auth, err := jupyterhub.NewAuth(jupyterhub.AuthConfig{
		Config: jupyterhub.Config{LookupEnv: func(name string) (string, bool) { v, ok := environment[name]; return v, ok }},
		HTTP:   hub.Client(),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	token := hub.IssueToken("inara", time.Hour)
	if user, err := auth.UserForToken(context.Background(), token); err == nil {
		fmt.Println(user.Name, user.Groups)
	}
	hub.RevokeToken(token)
	_, err = auth.UserForToken(context.Background(), token, jupyterhub.WithoutCache())
	fmt.Println("revoked:", err != nil)
	// Output:
	// inara [guild]
	// revoked: true
}
