package gafaelfawr_test

import (
	"context"
	"fmt"
	"time"

	"github.com/jetway-go/jetway/platform/nublado/gafaelfawr"
	"github.com/jetway-go/jetway/platform/nublado/nubladotest"
)

// An administrator's token makes one for a bot.
func ExampleClient_CreateToken() {
	site := nubladotest.NewServer()
	defer site.Close()
	admin, err := gafaelfawr.ParseToken(site.Gafaelfawr.IssueToken("admin", 0, "admin:token"))
	if err != nil {
		fmt.Println(err)
		return
	}
	client := gafaelfawr.Client{URL: site.URL + "/auth/api/v1", HTTP: site.Client()}
	token, err := client.CreateToken(context.Background(), admin, gafaelfawr.Request{
		Username: "bot-nightly", Scopes: []string{"exec:notebook"}, Expires: time.Now().Add(time.Hour),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	made := site.Gafaelfawr.Requests()[0]
	fmt.Println(made.TokenType, "token for", made.Username, "by", made.Admin, "with a secret:", token.Reveal() != "")
	// Output: service token for bot-nightly by admin with a secret: true
}

// Printing a token shows its key, which may be logged, and not its secret.
func ExampleParseToken() {
	token, err := gafaelfawr.ParseToken("gt-0123456789abcdefghijkl.0123456789abcdefghijkl")
	fmt.Println(token, err)
	_, err = gafaelfawr.ParseToken("ghp_0123456789")
	fmt.Println(err)
	// Output:
	// gt-0123456789abcdefghijkl.[redacted] <nil>
	// Token does not start with gt-
}
