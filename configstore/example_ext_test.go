package configstore_test

import (
	"context"
	"fmt"
	"time"

	"github.com/jetway-go/jetway/configstore"
)

// A program that knows some fields better than the backend does lays them over
// what the backend says, and asks it no more than once an hour.
func ExampleOverlay() {
	backend := configstore.Static(configstore.ClientConfig{ // stands for Remote(connection)
		TokenEndpoint: "https://login.example.com/token",
		ClientID:      "flytectl",
		HeaderKey:     "flyte-authorization",
	})
	store := configstore.Cached(configstore.Overlay(backend, configstore.ClientConfig{
		ClientID: "nightly-report",
		Scopes:   []string{"all"},
	}), time.Hour)

	c, err := store.ClientConfig(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.ClientID, c.Scopes, "at", c.TokenEndpoint, "under", c.HeaderKey)
	// Output: nightly-report [all] at https://login.example.com/token under flyte-authorization
}

// An address that cannot be an issuer is an error that says what would be right.
func ExampleDiscovery() {
	_, err := configstore.Discovery("login.example.com", nil).ClientConfig(context.Background())
	fmt.Println(err)
	// Output: configstore: discover: unusable client configuration: the issuer has no scheme; a URL that begins with https:// is needed
}
