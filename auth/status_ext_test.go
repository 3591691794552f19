package auth_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth"
)

func TestStatusReadsAsOneLine(t *testing.T) {
	t.Parallel()
	key := auth.Key{Endpoint: "flyte.example.com"}
	at := time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)
	for want, s := range map[string]auth.Status{
		"no login":                       {},
		"no login for flyte.example.com": {Key: key},
		"login for flyte.example.com, no access token, can be refreshed, stored in memory":                            {Key: key, Renewable: true, Stored: "memory"},
		"login for flyte.example.com, not usable, access token expires at 2031-05-06T07:08:09Z, stored in memory":     {Key: key, ID: "ab", Expiry: at, Stored: "memory"},
		"login, usable, access token expires at 2031-05-06T07:08:09Z, can be refreshed, stored in keyring (jetway:h)": {ID: "ab", Expiry: at, Usable: true, Renewable: true, Stored: "keyring (jetway:h)"},
		"login for flyte.example.com, usable": {Key: key, ID: "ab", Usable: true},
	} {
		if got := s.String(); got != want || fmt.Sprintf("%v", s) != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}

// A program may ask for the status of an Authenticator that it has not made.
func TestNilAuthenticatorHasNoLogin(t *testing.T) {
	t.Parallel()
	var a *auth.Authenticator
	if got := a.Status(); got != (auth.Status{}) || got.String() != "no login" {
		t.Errorf("Status: %v", got)
	}
	if got, err := a.Inspect(t.Context()); got != (auth.Status{}) || err != nil {
		t.Errorf("Inspect: %v, %v", got, err)
	}
	var s *auth.Status
	if got := fmt.Sprint(s); got != "<nil>" {
		t.Errorf("a nil *Status prints %q", got)
	}
}

// One Authenticator for each endpoint and identity: calls ask it for credentials, and
// for others once the server has rejected them.
func ExampleAuthenticator() {
	ctx := context.Background()
	a := auth.New(auth.Key{Endpoint: "flyte.example.com"}, exampleFlow{}, auth.Env{})
	defer a.Close()
	creds, err := a.Credentials(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(creds.Header())
	fmt.Println(a.Status())
	// Output:
	// authorization Bearer an access token
	// login for flyte.example.com, usable, stored in memory
}

// A store of one's own writes what Encode returns and reads it with Decode.
func ExampleEncode() {
	key := auth.Key{Endpoint: "flyte.example.com", Flow: auth.StoredFlow}
	data, err := auth.Encode(key, &auth.Credentials{AccessToken: "an access token"})
	if err != nil {
		fmt.Println(err)
		return
	}
	stored, creds, err := auth.Decode(data)
	fmt.Println(stored == key, creds.AccessToken, err)
	// Output: true an access token <nil>
}
