package configstore

import (
	"errors"
	"strings"
	"testing"
)

func TestCheckURL(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ raw, want string }{ // want "" = accepted
		{"https://idp.example/token", ""},
		{"https://idp.example:8443/token?tenant=a", ""},
		{"HTTPS://IDP.example", ""},
		{"http://localhost:8080/token", ""},
		{"http://LOCALHOST/token", ""},
		{"http://127.0.0.1:5556/dex", ""},
		{"http://127.9.9.9/", ""},
		{"http://[::1]:8080/token", ""},
		{"http://[::ffff:127.0.0.1]/", ""},
		{"http://idp.example/token", "plain http"},
		{"http://127.0.0.1.evil.example/", "plain http"},
		{"http://localhost.evil.example/", "plain http"},
		{"http://dex.localhost/token", "plain http"}, // a name server decides where these are
		{"http://localhost./token", "plain http"},
		{"http://127.0.0.1./token", "plain http"},
		{"http://127.1/token", "plain http"},
		{"http://0.0.0.0/", "plain http"},
		{"http://10.0.0.1/", "plain http"},
		{"idp.example/token", "no scheme"},
		{"//idp.example/token", "no scheme"},
		{"ftp://idp.example/", `scheme "ftp"`},
		{"javascript:alert(1)", `scheme "javascript"`},
		{"file:///etc/passwd", `scheme "file"`},
		{"https:idp.example", "no host"},
		{"https:///token", "no host"},
		{"https://:443/", "no host"},
		{"https://user:hunter2@idp.example/", "user name or password"},
		{"https://user@idp.example/", "user name or password"},
		{"https://idp.example/#hunter2", "fragment"},
		{"https://idp.example/#", "fragment"},
		{"https://idp.example/a b", "white space"},
		{"https://idp.example/\u00a0", "white space"},
		{"https://idp.example/\nHost: evil", "control character"},
		{"https://idp.example/\x00", "control character"},
		{"https://idp.example/\u202egpj", "control character"},
		{"https://idp.example/\xff", "not UTF-8"},
		{"https://idp.example/%zz", "not a URL"},
		{"https://idp.example\\@evil.example/", "not a URL"},
		{"https://[::1/", "not a URL"},
		{"https://idp.example/" + strings.Repeat("a", maxText), "bytes long"},
	} {
		_, err := checkURL("token_endpoint", c.raw)
		switch {
		case c.want == "":
			if err != nil {
				t.Errorf("%q: %v, want it accepted", c.raw, err)
			}
		case !errors.Is(err, ErrInvalid), !strings.Contains(err.Error(), c.want), !strings.Contains(err.Error(), "token_endpoint"):
			t.Errorf("%q: %v, want ErrInvalid that names the field and says %q", c.raw, err, c.want)
		case strings.Contains(err.Error(), "hunter2"):
			t.Errorf("%q: the error quotes a secret: %v", c.raw, err)
		}
	}
}

func TestCheckIssuerAllowsNoQuery(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://idp.example/realms/a": "", "": "is empty",
		"https://idp.example?x=1": "query", "https://idp.example?": "query", "idp.example": "no scheme",
	} {
		_, err := checkIssuer("the issuer", raw)
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", raw, err, want)
		}
	}
}

func TestCheckNamesTheField(t *testing.T) {
	t.Parallel()
	many := make([]string, maxList+1)
	for want, c := range map[string]ClientConfig{
		"token_endpoint has the scheme":                                        {TokenEndpoint: "ftp://h"},
		"device_authorization_endpoint has the scheme":                         {DeviceAuthorizationEndpoint: "ftp://h"},
		"unusable client configuration: authorization_endpoint has the scheme": {AuthorizationEndpoint: "ftp://h"},
		"revocation_endpoint has the scheme":                                   {RevocationEndpoint: "ftp://h"},
		"issuer contains a control":                                            {Issuer: "https://h\r\n"},
		"client_id contains a control":                                         {ClientID: "a\nb"},
		"redirect_uri contains a control":                                      {RedirectURI: "http://localhost/\x1b[2J"},
		"audience contains a control":                                          {Audience: "\u0085"},
		"scopes contains a control":                                            {Scopes: []string{"ok", "a\x00"}},
		"scopes has 257 values":                                                {Scopes: many},
		"methods_supported contains a control":                                 {AuthMethods: []string{"\t"}},
		`authorization_metadata_key "a b" is no`:                               {HeaderKey: "a b"},
		`authorization_metadata_key ":path" is no`:                             {HeaderKey: ":path"},
		`authorization_metadata_key "token-bin" is res`:                        {HeaderKey: "token-bin"},
		`authorization_metadata_key "grpc-timeout" is r`:                       {HeaderKey: "grpc-timeout"},
		`authorization_metadata_key "te" is reserved`:                          {HeaderKey: "te"},
		`authorization_metadata_key "keep-alive" is reserved`:                  {HeaderKey: "keep-alive"},
		`authorization_metadata_key "proxy-connection" is reserved`:            {HeaderKey: "proxy-connection"},
	} {
		if err := c.check(); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want ErrInvalid that says %q", err, want)
		}
	}
	if err := (ClientConfig{HeaderKey: "flyte-authorization", Scopes: []string{"all", "offline"}}).check(); err != nil {
		t.Error(err)
	}
}
