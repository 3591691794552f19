package auth_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth"
)

// Every field of Key and Credentials has its place in the stored form, so that
// a field added later is not forgotten there.
func TestEncodeHoldsEveryField(t *testing.T) {
	t.Parallel()
	var k auth.Key
	var c auth.Credentials
	for _, v := range []reflect.Value{reflect.ValueOf(&k).Elem(), reflect.ValueOf(&c).Elem()} {
		for i := range v.NumField() {
			switch f := v.Field(i); {
			case !f.CanSet():
			case f.Kind() == reflect.Bool:
				f.SetBool(true)
			case f.Type() == reflect.TypeFor[time.Time]():
				f.Set(reflect.ValueOf(time.Unix(1_900_000_000+int64(i), 5).UTC()))
			case f.Kind() == reflect.Int:
				f.SetInt(int64(i))
			default:
				f.SetString(v.Type().Field(i).Name)
			}
		}
	}
	data, err := auth.Encode(k, &c)
	if err != nil {
		t.Fatal(err)
	}
	gotKey, got, err := auth.Decode(data)
	if err != nil || gotKey != k || *got != c {
		t.Errorf("%v: %s came back as %+v", err, data, gotKey)
	}
}

func TestEncodeRefuses(t *testing.T) {
	t.Parallel()
	ok := auth.Credentials{AccessToken: "a"}
	for want, c := range map[string]struct {
		k auth.Key
		c auth.Credentials
	}{
		"key's user contains":  {auth.Key{User: "a\xffb"}, ok},
		"key's flow contains":  {auth.Key{Flow: "a\nb"}, ok},
		"token type contains":  {auth.Key{}, auth.Credentials{AccessToken: "a", TokenType: "\r"}},
		"header key contains":  {auth.Key{}, auth.Credentials{AccessToken: "a", HeaderKey: "\x7f"}},
		"at most 1048576 can":  {auth.Key{}, auth.Credentials{AccessToken: strings.Repeat("a", auth.MaxEncoded)}},
		"refusals is negative": {auth.Key{}, auth.Credentials{AccessToken: "a", Refusals: -1}},
		"note of its refusal":  {auth.Key{}, auth.Credentials{AccessToken: "a", Refused: "\n"}},
		"outside of the years": {auth.Key{}, auth.Credentials{AccessToken: "a", Expiry: time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)}},
	} {
		if _, err := auth.Encode(c.k, &c.c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// Decode neither panics nor quotes, and what it accepts encodes to the same login.
func FuzzDecode(f *testing.F) {
	good, err := auth.Encode(auth.Key{Endpoint: "flyte.example", Flow: "pkce"}, &auth.Credentials{AccessToken: "a", Expiry: time.Unix(1_900_000_000, 0)})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"version":2}`))
	f.Add([]byte(`{"version":1,"credentials":{"access_token":"a","expiry":"0000-01-01T00:00:00+23:59"}}`))
	f.Add([]byte(`{"version":1,"credentials":{"access_token":123456789}}`))
	f.Add([]byte("\xef\xbb\xbf{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		k, c, err := auth.Decode(data)
		if err != nil {
			if c != nil || len(err.Error()) > 120 {
				t.Errorf("%v with %v", err, c)
			}
			return
		}
		if len(data) > auth.MaxEncoded/8 {
			return // escaping may push what was just small enough over the limit
		}
		again, err := auth.Encode(k, c)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		k2, c2, err := auth.Decode(again)
		if err != nil || k2 != k || *c2 != *c || !json.Valid(again) {
			t.Errorf("%v: %+v came back as %+v", err, k, k2)
		}
	})
}

// A program that meets a login of a later version can tell it from a damaged one.
func TestDecodeTellsALaterVersionFromDamage(t *testing.T) {
	t.Parallel()
	if _, c, err := auth.Decode([]byte(`{"version":2,"credentials":{"access_token":"a"}}`)); c != nil || !errors.Is(err, auth.ErrNewerVersion) {
		t.Errorf("later version: %v, %v", c, err)
	}
	if _, c, err := auth.Decode([]byte(`{"version":1,"credentials":{}}`)); c != nil || err == nil || errors.Is(err, auth.ErrNewerVersion) {
		t.Errorf("no token: %v, %v", c, err)
	}
}
