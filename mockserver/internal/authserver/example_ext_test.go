package authserver_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/jetway-go/jetway/mockserver/internal/authserver"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

func Example() {
	server, err := authserver.New(oauth.Config{
		Issuer:  "http://127.0.0.1:8080",
		Clients: []oauth.Client{{ID: "worker", Secret: "for the example", Scopes: []string{"read"}}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"worker"}, "client_secret": {"for the example"}}
	request := httptest.NewRequest(http.MethodPost, server.TokenURL(), strings.NewReader(form.Encode()))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer := httptest.NewRecorder()
	server.ServeHTTP(answer, request)
	fmt.Println(answer.Code)

	server.RevokeTokens()
	token, err := server.IssueToken(oauth.TokenSpec{ClientID: "worker"})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = server.Verify(token.AccessToken, "")
	fmt.Println(err)
	// Output:
	// 200
	// <nil>
}
