package httpauth_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/interceptors/httpauth"
)

// Any http.Client can carry a login, to the servers that are named and to no other.
func ExampleNew() {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintln(w, "hello,", r.Header.Get("Authorization"))
	}))
	defer api.Close()

	login := auth.New(auth.Key{Endpoint: api.URL}, flow.StaticToken("secret"), auth.Env{})
	defer login.Close()
	client := &http.Client{Transport: httpauth.New(login, nil, httpauth.WithOrigins(api.URL))}
	defer client.CloseIdleConnections()

	answer, err := client.Get(api.URL)
	if err != nil {
		fmt.Println(httpauth.Scrub(err))
		return
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	fmt.Print(string(text), err)
	// Output:
	// hello, Bearer secret
	// <nil>
}
