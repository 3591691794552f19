package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"time"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// company is a token broker: it issues tokens of the mock to machines that it knows.
type company struct {
	*httptest.Server
	issued atomic.Int64
}

func startBroker(mock *mockserver.Server) *company {
	c := &company{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		machine := r.FormValue("machine")
		if machine != "build-7" {
			http.Error(w, "unknown machine", http.StatusForbidden)
			return
		}
		const life = 15 * time.Minute
		token, err := mock.Script().IssueToken(oauth.TokenSpec{
			Subject: machine, ClientID: "broker", Scopes: []string{mockserver.DefaultScope}, TTL: life,
		})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		c.issued.Add(1)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"token": %q, "seconds": %d}`, token.AccessToken, int(life.Seconds()))
	}))
	return c
}
