package mocktest_test

import (
	"context"
	"fmt"
	"net/url"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
)

// The first account logs in on the server's pages. Browser.Open fits clients that take a
// function to open a browser.
func ExampleBrowser() {
	server, err := mockserver.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()

	browser := mocktest.NewBrowser(server)
	browser.StopAt = "http://127.0.0.1:41999/"
	page, err := browser.Visit(context.Background(), server.AuthorizationURL()+"?"+url.Values{
		"client_id": {mockserver.PublicClientID}, "redirect_uri": {"http://127.0.0.1:41999/callback"}, "response_type": {"code"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"}, "state": {"xyz"},
	}.Encode())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(page.URL.Path, page.URL.Query().Get("state"), page.URL.Query().Has("code"))
	// Output: /callback xyz true
}
