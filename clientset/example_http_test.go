package clientset_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
)

// A backend with an HTTP API only is called with the same login, retries and settings.
func ExampleClientSet_HTTPClient() {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintln(w, r.URL, r.Header.Get("Authorization"))
	}))
	defer api.Close()

	cs, err := clientset.ForEndpoint("", clientset.WithHTTPBase(api.URL+"/v1"),
		clientset.WithFlow(flow.StaticToken("secret")), clientset.WithoutStore())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cs.Close()
	answer, err := cs.HTTPClient().Get(cs.HTTPURL("/reports?state=open"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	fmt.Print(string(text), err)
	// Output:
	// /v1/reports?state=open Bearer secret
	// <nil>
}
