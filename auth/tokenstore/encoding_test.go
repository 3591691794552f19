package tokenstore

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth"
)

// Every field of Key and Credentials has its place in the stored form, so that
// a field added later is not forgotten there.
func TestWireHoldsEveryField(t *testing.T) {
	t.Parallel()
	var k auth.Key
	var c auth.Credentials
	for _, v := range []reflect.Value{reflect.ValueOf(&k).Elem(), reflect.ValueOf(&c).Elem()} {
		for i := range v.NumField() {
			switch f := v.Field(i); {
			case !f.CanSet():
			case f.Type() == reflect.TypeFor[time.Time]():
				f.Set(reflect.ValueOf(time.Unix(1_900_000_000+int64(i), 5).UTC()))
			default:
				f.SetString(v.Type().Field(i).Name)
			}
		}
	}
	data, err := encode(k, &c)
	if err != nil {
		t.Fatal(err)
	}
	gotKey, got, err := decode(data)
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
		"key's user contains": {auth.Key{User: "a\xffb"}, ok},
		"key's flow contains": {auth.Key{Flow: "a\nb"}, ok},
		"token type contains": {auth.Key{}, auth.Credentials{AccessToken: "a", TokenType: "\r"}},
		"header key contains": {auth.Key{}, auth.Credentials{AccessToken: "a", HeaderKey: "\x7f"}},
		"at most 1048576 can": {auth.Key{}, auth.Credentials{AccessToken: strings.Repeat("a", maxWire)}},
		"in no year between":  {auth.Key{}, auth.Credentials{AccessToken: "a", Expiry: time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)}},
	} {
		if _, err := encode(c.k, &c.c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestFileNamesDifferWhereKeysDo(t *testing.T) {
	t.Parallel()
	seen := map[string]auth.Key{}
	for _, k := range []auth.Key{
		{}, {Endpoint: "a"}, {ClientID: "a"}, {Flow: "a"}, {User: "a"}, {Profile: "a"},
		{Endpoint: "ab", ClientID: "c"}, {Endpoint: "a", ClientID: "bc"}, {Endpoint: "abc"},
		{Endpoint: "a\x00", ClientID: "b"}, {Endpoint: "a", ClientID: "\x00b"},
	} {
		name := fileName(k)
		if other, ok := seen[name]; ok {
			t.Errorf("%+v and %+v share the file %s", k, other, name)
		}
		if stem, ok := strings.CutSuffix(name, ".json"); !ok || len(stem) != 32 || strings.Trim(stem, "0123456789abcdef") != "" {
			t.Errorf("%+v has the file %s", k, name)
		}
		seen[name] = k
	}
}

// Whatever lies in a file: no panic, no quoting, and what is understood can be
// written again and reads the same.
func FuzzDecode(f *testing.F) {
	good, err := encode(auth.Key{Endpoint: "flyte.example", Flow: "pkce"}, &auth.Credentials{AccessToken: "a", Expiry: time.Unix(1_900_000_000, 0)})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"version":2}`))
	f.Add([]byte(`{"version":1,"credentials":{"access_token":"a","expiry":"0000-01-01T00:00:00+23:59"}}`))
	f.Add([]byte(`{"version":1,"credentials":{"access_token":123456789}}`))
	f.Add([]byte("\xef\xbb\xbf{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		k, c, err := decode(data)
		if err != nil {
			if c != nil || len(err.Error()) > 120 {
				t.Errorf("%v with %v", err, c)
			}
			return
		}
		if len(data) > maxWire/8 {
			return // escaping may push what was just small enough over the limit
		}
		again, err := encode(k, c)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		k2, c2, err := decode(again)
		if err != nil || k2 != k || *c2 != *c || !json.Valid(again) {
			t.Errorf("%v: %+v came back as %+v", err, k, k2)
		}
	})
}
