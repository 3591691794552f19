package apikey_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/internal/apikey"
)

func encode(plain string) string { return base64.StdEncoding.EncodeToString([]byte(plain)) }

func same(a, b apikey.Key) bool {
	return a.Endpoint == b.Endpoint && a.ClientID == b.ClientID && a.Secret.Reveal() == b.Secret.Reveal() && a.Org == b.Org
}

func TestDecode(t *testing.T) {
	t.Parallel()
	key := func(endpoint, id, secret, org string) apikey.Key {
		return apikey.Key{Endpoint: endpoint, ClientID: id, Secret: apikey.NewSecret(secret), Org: org}
	}
	for name, tc := range map[string]struct {
		in   string
		want apikey.Key
	}{
		// What Flyte's Python client reads rightly.
		"four parts":            {encode("h.example.com:id:sec:org"), key("h.example.com", "id", "sec", "org")},
		"no organization":       {encode("h:id:sec:"), key("h", "id", "sec", "")},
		"organization None":     {encode("h:id:sec:None"), key("h", "id", "sec", "")},
		"secret with symbols":   {encode("h:id:s/e+c=r@t %!:org"), key("h", "id", "s/e+c=r@t %!", "org")},
		"non-ASCII secret":      {encode("h:id:geheim-ß:org"), key("h", "id", "geheim-ß", "org")},
		"host called unix":      {encode("unix:id:sec:org"), key("unix", "id", "sec", "org")},
		"id with an @":          {encode("h:svc@corp:sec:org"), key("h", "svc@corp", "sec", "org")},
		"trailing newline":      {encode("h:id:sec:org") + "\n", key("h", "id", "sec", "org")},
		"wrapped lines":         {encode("h:id:se")[:4] + "\r\n" + encode("h:id:se")[4:8] + " " + encode("h:id:sec:org")[8:], key("h", "id", "sec", "org")},
		"newline before base64": {encode("h:id:sec:org\n"), key("h", "id", "sec", "org")},

		// What it refuses or splits at the wrong colon, and which has one reading.
		"padding stripped":        {strings.TrimRight(encode("h:id:sec:o"), "="), key("h", "id", "sec", "o")},
		"URL-safe alphabet":       {base64.URLEncoding.EncodeToString([]byte("h:id:\u07ff\u07ff?>:org")), key("h", "id", "\u07ff\u07ff?>", "org")},
		"dns target":              {encode("dns:///h.example.com:id:sec:org"), key("dns:///h.example.com", "id", "sec", "org")},
		"dns target with port":    {encode("dns:///h:8090:id:sec:org"), key("dns:///h:8090", "id", "sec", "org")},
		"dns with a name server":  {encode("dns://8.8.8.8:53/h:8090:id:sec:org"), key("dns://8.8.8.8:53/h:8090", "id", "sec", "org")},
		"https":                   {encode("https://h:id:sec:org"), key("https://h", "id", "sec", "org")},
		"https with port":         {encode("https://h:8443:id:sec:org"), key("https://h:8443", "id", "sec", "org")},
		"https with slash":        {encode("https://h/:id:sec:org"), key("https://h/", "id", "sec", "org")},
		"http with port":          {encode("HTTP://localhost:8090:id:sec:"), key("HTTP://localhost:8090", "id", "sec", "")},
		"host and port":           {encode("h.example.com:8090:id:sec:org"), key("h.example.com:8090", "id", "sec", "org")},
		"host and port, no org":   {encode("h:8090:id:sec:"), key("h:8090", "id", "sec", "")},
		"host called dns, port":   {encode("dns:8090:id:sec:org"), key("dns:8090", "id", "sec", "org")},
		"URL, port, empty org":    {encode("https://h:8090:id:sec:"), key("https://h:8090", "id", "sec", "")},
		"IPv6":                    {encode("[::1]:id:sec:org"), key("[::1]", "id", "sec", "org")},
		"IPv6 and port":           {encode("[::1]:8090:id:sec:org"), key("[::1]:8090", "id", "sec", "org")},
		"IPv6 in a URL":           {encode("http://[::1]:8090:id:sec:org"), key("http://[::1]:8090", "id", "sec", "org")},
		"unix socket":             {encode("unix:/run/x.sock:id:sec:org"), key("unix:/run/x.sock", "id", "sec", "org")},
		"unix socket, slashes":    {encode("unix:///run/x.sock:id:sec:org"), key("unix:///run/x.sock", "id", "sec", "org")},
		"passthrough":             {encode("passthrough:///localhost:1:id:sec:org"), key("passthrough:///localhost:1", "id", "sec", "org")},
		"other resolver":          {encode("xds:///svc:id:sec:org"), key("xds:///svc", "id", "sec", "org")},
		"other resolver, slash":   {encode("mesh://svc:id:a/b:org"), key("mesh://svc", "id", "a/b", "org")},
		"IPv6 name server":        {encode("dns://[2001:db8::53]:5353/h:id:sec:org"), key("dns://[2001:db8::53]:5353/h", "id", "sec", "org")},
		"secret with a colon":     {encode("h:id:se:cr:org"), key("h", "id", "se:cr", "org")},
		"secret with many colons": {encode("h:id:a::b:c:"), key("h", "id", "a::b:c", "")},
		"too large for a port":    {encode("h:70000:se:cr:org"), key("h", "70000", "se:cr", "org")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := apikey.Decode(tc.in)
			if err != nil {
				t.Fatal(err)
			}
			if !same(got, tc.want) {
				t.Errorf("Decode = %q %q %q %q, want %q %q %q %q", got.Endpoint, got.ClientID, got.Secret.Reveal(), got.Org,
					tc.want.Endpoint, tc.want.ClientID, tc.want.Secret.Reveal(), tc.want.Org)
			}
		})
	}
}

const canary = "c4n4ry-s3cr3t"

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ in, want string }{
		"empty":               {"", "FLYTE_API_KEY"},
		"white space":         {" \n", "is empty"},
		"only padding":        {"==", "is empty"},
		"huge":                {strings.Repeat("a", 20<<10), "longer than"},
		"quoted":              {`"` + encode("h:id:"+canary+":org") + `"`, "quotes"},
		"stray character":     {encode("h:id:"+canary+":org") + "!", "not base64"},
		"padding inside":      {"aDppZDpz=ZWM6b3Jn", "not base64"},
		"padding in the mid":  {"aDpp=ZDpzZWM6b3JnAA", "not base64"},
		"too much padding":    {encode("h:id:sec:org") + "====", "more padding"},
		"mixed alphabets":     {"ab+/cd-_", "mixes"},
		"cut off":             {encode("h:id:sec:org")[:13], "cut off"},
		"no text":             {base64.StdEncoding.EncodeToString([]byte{0xff, 0xfe, 'a', ':'}), "does not hold text"},
		"control character":   {encode("h:id:" + canary + "\x01:org"), "control character"},
		"three parts":         {encode("h:id:" + canary), "3 of the 4 parts"},
		"one part":            {encode(canary), "1 of the 4 parts"},
		"scheme, three parts": {encode("https://h:id:" + canary), "3 of the 4 parts"},
		"empty endpoint":      {encode(":id:" + canary + ":org"), "empty endpoint"},
		"only a scheme":       {encode("https://:id:" + canary + ":org"), "empty endpoint"},
		"empty id":            {encode("h::" + canary + ":org"), "empty client id"},
		"empty secret":        {encode("h:id::org"), "empty client secret"},
		"open bracket":        {encode("[::1:id:" + canary + ":org"), "[ without ]"},
		"port or id":          {encode("h:8090:id:" + canary + ":x:org"), "ambiguous: the number after the host"},
		"URL, port or id":     {encode("https://h:8090:id:" + canary + ":x:org"), "ambiguous: the number after the host"},
		"URL, port, no org":   {encode("https://h:8090:id:" + canary), "a part is missing"},
		"port, no org":        {encode("host:44017:client:" + canary), "a part is missing"},
		"numeric client id":   {encode("h:8090:" + canary + ":org"), "read the number as the client id"},
		"IPv6, port, no org":  {encode("[::1]:8090:id:" + canary), "a part is missing"},
		"DNS, port, no org":   {encode("dns:///h:8090:id:" + canary), "a part is missing"},
		"dns, no slashes":     {encode("dns:h:id:" + canary + ":org"), "can belong to the endpoint"},
		"https, no slashes":   {encode("HTTPS:h:id:" + canary + ":org"), "can belong to the endpoint"},
		"relative socket":     {encode("unix:x.sock:id:" + canary + ":org"), "can belong to the endpoint"},
		"abstract socket":     {encode("unix-abstract:x:id:" + canary + ":org"), "can belong to the endpoint"},
		"socket with a colon": {encode("unix:/a:b.sock:id:" + canary + ":org"), "can belong to the endpoint"},
		"password":            {encode("user:" + canary + "@h:id:sec:org"), "can belong to the endpoint"},
		"URL with password":   {encode("https://user:" + canary + "@h:id:sec:org"), "can belong to the endpoint"},
		"bare IPv6":           {encode("2001:db8::1:id:" + canary + ":org"), "[IPv6 address]"},
		"strange end":         {encode("h:id:x:" + canary + "!:?"), "does not end in an organization"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k, err := apikey.Decode(tc.in)
			var e *apikey.Error
			if !errors.As(err, &e) || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("Decode = %v, %v; want an *apikey.Error that says %q", k, err, tc.want)
			}
			if k != (apikey.Key{}) {
				t.Error("an error and a key")
			}
			if strings.Contains(err.Error(), canary) || len(tc.in) > 4 && strings.Contains(err.Error(), tc.in) {
				t.Errorf("the error tells a secret: %v", err)
			}
		})
	}
}

// A key that was cut off anywhere, before it was encoded or after, shows no part of its
// secret: not as an organization either.
func TestTruncatedKeyShowsNoPartOfItsSecret(t *testing.T) {
	t.Parallel()
	const secret = "qqqqqqqqqqqq" // its letter is in no other part, and in no text of ours
	for _, endpoint := range []string{"host", "host:44017", "https://host", "https://host:8443", "[::1]:8090", "dns:///host:1"} {
		whole := endpoint + ":client:" + secret + ":"
		for n := range len(whole) {
			for _, in := range []string{encode(whole[:n]), encode(whole)[:n]} {
				k, err := apikey.Decode(in)
				if err == nil {
					err = errors.New(k.Endpoint + k.ClientID + k.Org + k.String())
				}
				if strings.Contains(err.Error(), "qq") {
					t.Errorf("%s, %d characters: %v", endpoint, n, err)
				}
			}
		}
	}
}

func TestEncodeRoundTrips(t *testing.T) {
	t.Parallel()
	text, err := apikey.Encode("https://h:8443", "id", "s3:cr3t", "org")
	if err == nil {
		t.Errorf("Encode of a port and a secret with a colon = %d bytes, want an error: Decode calls it ambiguous", len(text))
	}
	for _, p := range [][4]string{{"h", "id", "sec", "org"}, {"h", "id", "a:b", ""}, {"http://localhost:8090", "id", "sec", "o"}} {
		text, err := apikey.Encode(p[0], p[1], p[2], p[3])
		if err != nil {
			t.Fatal(err)
		}
		k, err := apikey.Decode(text)
		if err != nil || [4]string{k.Endpoint, k.ClientID, k.Secret.Reveal(), k.Org} != p {
			t.Errorf("%q came back as %v, %v", p, k, err)
		}
	}
	for _, p := range [][4]string{{"", "id", "sec", ""}, {"h", "i:d", "sec", "org"}, {"h", "id", "sec", "None"}, {"h", "id", "s\n", ""}} {
		if _, err := apikey.Encode(p[0], p[1], p[2], p[3]); err == nil {
			t.Errorf("Encode(%q): want an error", p)
		}
	}
}

func TestKeyNeverPrintsItsSecret(t *testing.T) {
	t.Parallel()
	k, err := apikey.Decode(encode("h:id:" + canary + ":org"))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	hidden := struct {
		k apikey.Key
		s apikey.Secret
	}{k, k.Secret}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+verb+verb+verb+"\n", k, &k, k.Secret, hidden)
	}
	js, err := json.Marshal(struct {
		K apikey.Key
		S apikey.Secret
	}{k, k.Secret})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(js)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("key", "key", k, "secret", k.Secret, "both", []any{k, k.Secret})
	slog.New(slog.NewTextHandler(&out, nil)).Info("key", "key", k, "secret", k.Secret)
	for _, form := range []string{canary, fmt.Sprintf("%x", canary), base64.StdEncoding.EncodeToString([]byte(canary))} {
		if strings.Contains(out.String(), form) {
			t.Errorf("a print tells the secret:\n%s", &out)
		}
	}
	if !strings.Contains(out.String(), "client id for h") {
		t.Errorf("the prints should tell client and endpoint:\n%s", &out)
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{"h:id:sec:org", "dns:///h:1:id:s:o", "[::1]:8090:id:s:", "h:1:i:s:e:c:o", "", ":::", "https://:a:b:c"} {
		f.Add(encode(s))
	}
	f.Add("a-b_")
	f.Add("====")
	f.Fuzz(func(t *testing.T, in string) {
		k, err := apikey.Decode(in)
		if err != nil {
			if k != (apikey.Key{}) {
				t.Error("an error and a key")
			}
			return
		}
		if k.Endpoint == "" || k.ClientID == "" || k.Secret.Reveal() == "" {
			t.Fatalf("an empty part in %v", k)
		}
		again, err := apikey.Encode(k.Endpoint, k.ClientID, k.Secret.Reveal(), k.Org)
		if err != nil {
			t.Fatalf("what Decode gave cannot be encoded: %v", err)
		}
		if back, err := apikey.Decode(again); err != nil || !same(back, k) {
			t.Errorf("%v came back as %v, %v", k, back, err)
		}
	})
}
