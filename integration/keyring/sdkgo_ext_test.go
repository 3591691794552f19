package keyring_test

import (
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/zalando/go-keyring"
	ss "github.com/zalando/go-keyring/secret_service"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore"
)

// sdkGo does with the keyring what flyte-sdk-go does: two items of each endpoint, by way of
// zalando/go-keyring, whose items bear no application's mark.
type sdkGo string

func (s sdkGo) save(t *testing.T, name string) {
	t.Helper()
	err := errors.Join(keyring.Set(string(s), "access_token", "access-"+name), keyring.Set(string(s), "refresh_token", "refresh-"+name))
	if err != nil {
		t.Fatal(err)
	}
}

// purge deletes the login if its access token is that one.
func (s sdkGo) purge(t *testing.T, name string) {
	t.Helper()
	if got, err := keyring.Get(string(s), "access_token"); err != nil || got != "access-"+name {
		t.Errorf("flyte-sdk-go reads %q, %v; want access-%s", got, err, name)
	}
	if err := errors.Join(keyring.Delete(string(s), "access_token"), keyring.Delete(string(s), "refresh_token")); err != nil {
		t.Error(err)
	}
}

func (s sdkGo) reads(t *testing.T, name string) {
	t.Helper()
	access, err := keyring.Get(string(s), "access_token")
	refresh, rerr := keyring.Get(string(s), "refresh_token")
	if err != nil || rerr != nil || access != "access-"+name || refresh != "refresh-"+name {
		t.Errorf("flyte-sdk-go reads %q and %q, %v, %v; want those of %s", access, refresh, err, rerr, name)
	}
}

// itemsOf returns how many items the service has, by their attributes.
func itemsOf(t *testing.T, service string) map[string]int {
	t.Helper()
	svc, err := ss.NewSecretService()
	if err != nil {
		t.Fatal(err)
	}
	items, err := svc.SearchItems(svc.GetLoginCollection(), map[string]string{"service": service})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for _, item := range items {
		value, err := svc.Object(secretService, item).GetProperty("org.freedesktop.Secret.Item.Attributes")
		if err != nil {
			t.Fatal(err)
		}
		attributes, _ := value.Value().(map[string]string)
		found[attributes["username"]+"/"+attributes["application"]]++
	}
	return found
}

func mustHaveItems(t *testing.T, service string, want map[string]int) {
	t.Helper()
	if got := itemsOf(t, service); !maps.Equal(got, want) {
		t.Errorf("the items of %s are %v, want %v", service, got, want)
	}
}

// flyte-sdk-go's items are renewed, purged and rewritten in turn by both sides, and there
// are never more than its two.
func TestBothSidesWriteTheItemsOfFlyteSDKGo(t *testing.T) {
	t.Parallel()
	if !inside(t, busUsual) {
		return
	}
	unlockedKeyring(t)
	sdk, two := sdkGo(endpoint), map[string]int{"access_token/": 1, "refresh_token/": 1}
	sdk.save(t, "go0")
	for round := range 3 {
		// Given a login of flyte-sdk-go, found by a new process here and renewed twice,
		before := fmt.Sprintf("go%d", round)
		for i := range 2 {
			s, renewed := &tokenstore.FlyteTools{}, fmt.Sprintf("ours%d-%d", round, i)
			if got, err := s.Retrieve(t.Context(), person); err != nil || got.RefreshToken != "refresh-"+before {
				t.Fatalf("round %d: %v, %v; want %s", round, got, err, before)
			}
			mustStore(t, s, person, login(renewed))
			mustHaveItems(t, endpoint, two)
			sdk.reads(t, renewed)
			before = renewed
		}
		// when flyte-sdk-go renews it,
		next := fmt.Sprintf("go%d", round+1)
		sdk.save(t, next)
		mustHaveItems(t, endpoint, two)
		// then its tokens are the newer ones here.
		if got, err := (&tokenstore.FlyteTools{}).Retrieve(t.Context(), person); err != nil || got.RefreshToken != "refresh-"+next {
			t.Errorf("round %d: %v, %v; want %s", round, got, err, next)
		}
	}
	// What flyte-sdk-go purges is gone from its items, and what it writes then is found.
	s := &tokenstore.FlyteTools{}
	if _, err := s.Retrieve(t.Context(), person); err != nil {
		t.Fatal(err)
	}
	mustStore(t, s, person, login("last"))
	sdk.purge(t, "last")
	mustHaveItems(t, endpoint, map[string]int{})
	sdk.save(t, "again")
	if got, err := (&tokenstore.FlyteTools{}).Retrieve(t.Context(), person); err != nil || got.RefreshToken != "refresh-again" {
		t.Errorf("%v, %v", got, err)
	}
	// A logout here leaves it nothing.
	if err := (&tokenstore.FlyteTools{}).Delete(t.Context(), person); err != nil {
		t.Error(err)
	}
	mustHaveItems(t, endpoint, map[string]int{})
	mustLack(t, &tokenstore.FlyteTools{}, person)
}

// An item of the same name with another token is another login's, and stays.
func TestTwinWithAnotherTokenStays(t *testing.T) {
	t.Parallel()
	if !inside(t, busUsual) {
		return
	}
	unlockedKeyring(t)
	svc, err := ss.NewSecretService()
	if err != nil {
		t.Fatal(err)
	}
	session, err := svc.OpenSession()
	if err != nil {
		t.Fatal(err)
	}
	create := func(value string, attributes map[string]string) dbus.ObjectPath {
		attributes["service"], attributes["username"] = endpoint, "tokens"
		if err := svc.CreateItem(svc.GetLoginCollection(), "login", attributes, ss.NewSecret(session.Path(), value)); err != nil {
			t.Fatal(err)
		}
		items, err := svc.SearchItems(svc.GetLoginCollection(), attributes)
		if err != nil || len(items) == 0 {
			t.Fatal(items, err)
		}
		return items[0]
	}
	create(`{"access_token":"theirs","refresh_token":"rx"}`, map[string]string{"other": "1"})
	for _, mark := range []string{"2", "3"} {
		create(`{"access_token":"access-0","refresh_token":"refresh-0"}`, map[string]string{"mark": mark})
	}
	s := &tokenstore.FlyteTools{}
	c, err := s.Retrieve(t.Context(), person)
	// The newest item is the one that is read, and the keyring counts in whole seconds.
	for started := time.Now(); err == nil && c.RefreshToken != "refresh-0" && time.Since(started) < 30*time.Second; {
		time.Sleep(100 * time.Millisecond)
		create(`{"access_token":"access-0","refresh_token":"refresh-0"}`, map[string]string{"mark": "3"})
		c, err = s.Retrieve(t.Context(), person)
	}
	if err != nil || c.RefreshToken != "refresh-0" {
		t.Fatal(c, err)
	}
	mustStore(t, s, person, login("1"))
	mustHaveItems(t, endpoint, map[string]int{"tokens/": 2})
	for _, token := range []string{"theirs", "access-1"} {
		if !holdsItem(t, svc, session.Path(), token) {
			t.Errorf("no item holds %s", token)
		}
	}
}

func holdsItem(t *testing.T, svc *ss.SecretService, session dbus.ObjectPath, token string) bool {
	t.Helper()
	items, err := svc.SearchItems(svc.GetLoginCollection(), map[string]string{"service": endpoint})
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range items {
		secret, err := svc.GetSecret(item, session)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(secret.Value); got == `{"access_token":"`+token+`","refresh_token":"rx"}` || got == `{"access_token":"`+token+`","refresh_token":"refresh-1"}` {
			return true
		}
	}
	return false
}

// With Mirror flyte-sdk-go finds a login that was made here, and one that it stores under
// the bare host is found for a port.
func TestFlyteSDKGoFindsAMirroredLogin(t *testing.T) {
	t.Parallel()
	if !inside(t, busUsual) {
		return
	}
	unlockedKeyring(t)
	s := &tokenstore.FlyteTools{Mirror: true}
	mustStore(t, s, person, login("ours"))
	sdkGo(endpoint).reads(t, "ours")
	mustStore(t, s, person, login("renewed"))
	sdkGo(endpoint).reads(t, "renewed")
	if text := inPython(t, "get", endpoint, "tokens", ""); text != `{"access_token":"access-renewed","refresh_token":"refresh-renewed"}` {
		t.Errorf("flyte-sdk reads %q", text)
	}
	if err := s.Delete(t.Context(), person); err != nil {
		t.Error(err)
	}
	mustHaveItems(t, endpoint, map[string]int{})

	sdkGo("bare.example.com").save(t, "bare")
	k := auth.Key{Endpoint: "bare.example.com:8090", Flow: auth.StoredFlow}
	if got, err := (&tokenstore.FlyteTools{}).Retrieve(t.Context(), k); err != nil || got.RefreshToken != "refresh-bare" {
		t.Errorf("%v, %v", got, err)
	}
}
