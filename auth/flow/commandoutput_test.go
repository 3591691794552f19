package flow

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"
)

func jwtWith(payload string) string {
	part := base64.RawURLEncoding.EncodeToString
	return part([]byte(`{"alg":"none"}`)) + "." + part([]byte(payload)) + "." + part([]byte("signature"))
}

func TestCommandOutput(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	inAnHour, unix := now.Add(time.Hour).Format(time.RFC3339), now.Add(time.Hour).Unix()
	tests := map[string]struct {
		out   string
		token string
		life  time.Duration // zero: unknown
		err   string
	}{
		"plain":             {out: " tok \r\n", token: "tok"},
		"byte order mark":   {out: "\ufefftok\r\n", token: "tok"},
		"mark before JSON":  {out: "\ufeff{\"token\":\"tok\"}", token: "tok"},
		"in quotes":         {out: "\"tok\"\n", token: "tok"},
		"JWT":               {out: jwtWith(fmt.Sprintf(`{"exp":%d}`, unix)), token: jwtWith(fmt.Sprintf(`{"exp":%d}`, unix)), life: time.Hour},
		"JWT without exp":   {out: jwtWith(`{"sub":"me"}`), token: jwtWith(`{"sub":"me"}`)},
		"JWT, exp past":     {out: jwtWith(`{"exp":1}`), token: jwtWith(`{"exp":1}`)},
		"JWT, odd exp":      {out: jwtWith(`{"exp":"never"}`), token: jwtWith(`{"exp":"never"}`)},
		"dots, no JWT":      {out: "a.b.c", token: "a.b.c"},
		"access_token":      {out: `{"access_token":"tok","expires_in":3600,"token_type":"bearer","refresh_token":"no"}`, token: "tok", life: time.Hour},
		"expires_in text":   {out: `{"token":"tok","expires_in":"3600"}`, token: "tok", life: time.Hour},
		"token and expiry":  {out: `{"token":"tok","expiry":"` + inAnHour + `"}`, token: "tok", life: time.Hour},
		"azure":             {out: fmt.Sprintf(`{"accessToken":"tok","expires_on":%d,"tokenType":"Bearer"}`, unix), token: "tok", life: time.Hour},
		"unix text":         {out: fmt.Sprintf(`{"access_token":"tok","expires_at":"%d"}`, unix), token: "tok", life: time.Hour},
		"status text":       {out: `{"status":"success","token":"tok"}`, token: "tok"},
		"JWT in JSON":       {out: `{"token":"` + jwtWith(fmt.Sprintf(`{"exp":%d}`, unix)) + `"}`, token: jwtWith(fmt.Sprintf(`{"exp":%d}`, unix)), life: time.Hour},
		"exec":              {out: `{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"tok","expirationTimestamp":"` + inAnHour + `"}}`, token: "tok", life: time.Hour},
		"exec, no time":     {out: `{"kind":"ExecCredential","status":{"token":"tok","expirationTimestamp":null}}`, token: "tok"},
		"exec, certificate": {out: `{"kind":"ExecCredential","status":{"clientCertificateData":"x"}}`, err: "certificates are not supported"},
		"scheme":            {out: "Bearer tok\r\n", token: "tok"},
		"scheme in quotes":  {out: "\"bearer tok\"", token: "tok"},
		"scheme in JSON":    {out: `{"token":" Bearer tok ","token_type":"BearerToken"}`, token: "tok"},
		"single quotes":     {out: "'tok'\n", token: "tok"},
		"UTF-16":            {out: "\xff\xfet\x00o\x00k\x00\r\x00\n\x00", token: "tok"},
		"UTF-16, JSON":      {out: "\xfe\xff\x00{\x00\"\x00t\x00o\x00k\x00e\x00n\x00\"\x00:\x00\"\x00t\x00\"\x00}", token: "t"},
		"JWT, exp in ms":    {out: jwtWith(fmt.Sprintf(`{"exp":%d}`, unix*1000)), token: jwtWith(fmt.Sprintf(`{"exp":%d}`, unix*1000)), life: time.Hour},
		"expiry in ms":      {out: fmt.Sprintf(`{"token":"tok","expires_at":%d}`, unix*1000), token: "tok", life: time.Hour},
		"nulls":             {out: `{"token":"tok","expires_in":null,"expiry":null,"token_type":null}`, token: "tok"},
		"far future":        {out: `{"token":"tok","expires_at":1e300}`, token: "tok", life: time.Unix(latest, 0).Sub(now)},

		"empty":           {out: " \n", err: "empty"},
		"empty quotes":    {out: `""`, err: "token in quotes"},
		"one quote":       {out: `"tok`, err: "token in quotes"},
		"quoted line":     {out: `"a\nb"`, err: "not valid in a header"},
		"two lines":       {out: "warning\ntok", err: "more than one word"},
		"other scheme":    {out: "token tok", err: "more than one word"},
		"only a scheme":   {out: "Bearer \n", err: "and no token"},
		"binary":          {out: "t\x00k", err: "not valid in a header"},
		"no token":        {out: `{"expires_in":60}`, err: "without access_token"},
		"broken":          {out: `{"token":`, err: "broken JSON"},
		"number":          {out: `{"token":12}`, err: "wrong type"},
		"boolean time":    {out: `{"token":"t","expiry":true}`, err: "wrong type"},
		"other type":      {out: `{"token":"t","token_type":"mac"}`, err: "not Bearer"},
		"negative":        {out: `{"token":"t","expires_in":-1}`, err: "not a number of seconds, or is negative"},
		"no number":       {out: `{"token":"t","expires_in":"soon"}`, err: "not a number of seconds, or is negative"},
		"no date":         {out: `{"token":"t","expiry":"tomorrow"}`, err: "neither RFC 3339"},
		"past":            {out: `{"token":"t","expires_at":1}`, err: "expired at 1970-01-01T00:00:01Z"},
		"line in a token": {out: `{"token":"a\nb"}`, err: "not valid in a header"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := parseCommandOutput([]byte(tc.out), now)
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Fatalf("got %v and error %v, want %q", c, err, tc.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			life := time.Duration(0)
			if !c.Expiry.IsZero() {
				life = c.Expiry.Sub(now)
			}
			if c.AccessToken != tc.token || life != tc.life || !c.IssuedAt.Equal(now) || c.RefreshToken != "" {
				t.Errorf("got %q for %v, want %q for %v", c.AccessToken, life, tc.token, tc.life)
			}
		})
	}
}

func FuzzCommandOutput(f *testing.F) {
	for _, seed := range []string{
		"tok\n", `{"access_token":"t","expires_in":60}`, `{"status":{"token":"t","expirationTimestamp":"2030-01-02T03:04:05Z"}}`,
		`{"token":"t","expires_at":1e400}`, jwtWith(`{"exp":1e20}`), jwtWith(`{"exp":-1}`), `{"token":"t","expiry":"9999-12-31T23:59:59Z"}`,
	} {
		f.Add([]byte(seed))
	}
	now := time.Unix(1_800_000_000, 0)
	f.Fuzz(func(t *testing.T, out []byte) {
		c, err := parseCommandOutput(out, now)
		if (c == nil) != (err != nil) {
			t.Fatalf("credentials %v beside error %v", c, err)
		}
		if err != nil {
			return
		}
		if c.AccessToken == "" || checkToken(c.AccessToken) != nil {
			t.Errorf("token %q cannot be sent", c.AccessToken)
		}
		if !c.Expiry.IsZero() && !c.Expiry.After(now) {
			t.Errorf("expires %v, before it was read", c.Expiry)
		}
	})
}
