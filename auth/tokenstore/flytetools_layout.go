package tokenstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jetway-go/jetway/auth"
)

// layout is how one of Flyte's own tools stores a login: in which items, and in
// what form.
type layout struct {
	name string
	// application is the mark of the items of Python's keyring library, which finds
	// ours in the Secret Service only; empty for a tool that sets none.
	application string
	// items are the service and user names, by endpoint.
	items func(endpoint string) [][2]string
	// decode reads the values of items, empty for those that are missing.
	decode func(values []string) (*auth.Credentials, error)
	// encode makes the values; an empty one is an item to delete.
	encode func(c *auth.Credentials) ([]string, error)
	// mirrored reports whether a login of ours is written there if [FlyteTools].Mirror asks.
	mirrored bool
	// bare reports whether it stands for the host of an endpoint, whatever its port.
	bare bool
}

const pythonKeyring = "Python keyring library"

// layouts are tried in this order: what is used today first.
func layouts() []layout {
	flytectl := func(name, scheme string) layout {
		return layout{
			name: name, mirrored: scheme != "",
			items: func(endpoint string) [][2]string {
				return [][2]string{{"flytectl", scheme + endpoint + ":flytectl-user"}}
			},
			decode: func(values []string) (*auth.Credentials, error) { return decodeTokens(values[0]) },
			encode: func(c *auth.Credentials) ([]string, error) {
				return encodeTokens(foreignTokens{
					AccessToken: c.AccessToken, TokenType: c.TokenType, RefreshToken: refreshOf(c), Expiry: c.Expiry.UTC(),
				})
			},
		}
	}
	return []layout{
		{
			name: "flyte-sdk", application: pythonKeyring, mirrored: true,
			items:  func(endpoint string) [][2]string { return [][2]string{{endpoint, "tokens"}} },
			decode: func(values []string) (*auth.Credentials, error) { return decodeTokens(values[0]) },
			encode: func(c *auth.Credentials) ([]string, error) {
				return encodeTokens(foreignTokens{AccessToken: c.AccessToken, RefreshToken: refreshOf(c)})
			},
		},
		{
			name: "flytekit", application: pythonKeyring, mirrored: true, // also that of flyte-sdk-go
			items: func(endpoint string) [][2]string {
				return [][2]string{{endpoint, "refresh_token"}, {endpoint, "access_token"}}
			},
			decode: func(values []string) (*auth.Credentials, error) {
				return storableTokens(&auth.Credentials{RefreshToken: values[0], AccessToken: values[1]})
			},
			encode: func(c *auth.Credentials) ([]string, error) { return []string{c.RefreshToken, c.AccessToken}, nil },
		},
		// The user name holds the endpoint as it is written in flytectl's settings.
		flytectl("flytectl", "dns:///"),
		flytectl("flytectl-bare", ""),
	}
}

// layoutsFor are those that may hold a login for k. Flyte's own tools store one
// login for an endpoint, a person's, so keys with a User or Profile never match.
func layoutsFor(k auth.Key) []layout {
	if k.Flow != auth.StoredFlow || k.User != "" || k.Profile != "" || !readable(k.Endpoint) {
		return nil
	}
	all := layouts()
	host := bareHost(k.Endpoint)
	if host == "" {
		return all
	}
	for _, l := range layouts() {
		items := l.items
		l.name, l.mirrored, l.bare = l.name+bareSuffix, false, true
		l.items = func(string) [][2]string { return items(host) }
		all = append(all, l)
	}
	return all
}

// bareSuffix marks the layouts of tools that leave out the port.
const bareSuffix = "@host"

// bareHost returns the endpoint without its port, or "" if it has none.
func bareHost(endpoint string) string {
	i := strings.LastIndexByte(endpoint, ':')
	if i <= strings.LastIndexByte(endpoint, ']') || strings.IndexByte(endpoint, '/') >= 0 {
		return ""
	}
	if _, err := strconv.ParseUint(endpoint[i+1:], 10, 16); err != nil {
		return ""
	}
	return endpoint[:i]
}

func layoutNamed(name string, k auth.Key) (layout, bool) {
	for _, l := range layoutsFor(k) {
		if l.name == name {
			return l, true
		}
	}
	return layout{}, false
}

// foreignTokens is the JSON in the items of flyte-sdk (the tokens only) and of
// flytectl (the Token of golang.org/x/oauth2).
type foreignTokens struct {
	AccessToken  string    `json:"access_token"`
	TokenType    string    `json:"token_type,omitempty"`
	RefreshToken *string   `json:"refresh_token"` // null where there is none
	Expiry       time.Time `json:"expiry,omitzero"`
}

func refreshOf(c *auth.Credentials) *string {
	if c.RefreshToken == "" {
		return nil
	}
	return &c.RefreshToken
}

func encodeTokens(t foreignTokens) ([]string, error) {
	data, err := json.Marshal(t)
	return []string{string(data)}, err
}

// decodeTokens reads what another tool has written. Its errors quote nothing.
func decodeTokens(text string) (*auth.Credentials, error) {
	if len(text) > auth.MaxEncoded {
		return nil, errors.New("the item is larger than any login")
	}
	var t foreignTokens
	if err := json.Unmarshal([]byte(text), &t); err != nil {
		return nil, errNotStored
	}
	c := &auth.Credentials{AccessToken: t.AccessToken, TokenType: t.TokenType, Expiry: t.Expiry.UTC()}
	if t.RefreshToken != nil {
		c.RefreshToken = *t.RefreshToken
	}
	return storableTokens(c)
}

func storableTokens(c *auth.Credentials) (*auth.Credentials, error) {
	if err := auth.CheckStorable(auth.Key{}, c); err != nil {
		return nil, err
	}
	return c, nil
}

// read returns the login in the items of l, or an error that wraps ErrNoCredentials.
// Items that hold no login are an unusableError.
func (l layout) read(ctx context.Context, system *systemKeyring, k auth.Key) (*auth.Credentials, error) {
	items := l.items(k.Endpoint)
	values := make([]string, len(items))
	found := false
	for i, item := range items {
		value, err := system.get(ctx, item[0], item[1])
		if err != nil && !errors.Is(err, auth.ErrNoCredentials) {
			return nil, err
		}
		values[i] = value
		found = found || value != ""
	}
	if !found {
		return nil, auth.ErrNoCredentials
	}
	c, err := l.decode(values)
	if err != nil {
		return nil, unusableError{tool: l.name, reason: err}
	}
	return c, nil
}

// unusableError says that what another tool has stored is no login. It counts as none.
type unusableError struct {
	tool   string
	reason error
}

func (e unusableError) Error() string {
	return fmt.Sprintf("%v: the item of %s is unusable (%v)", auth.ErrNoCredentials, e.tool, e.reason)
}

func (e unusableError) Unwrap() error { return auth.ErrNoCredentials }

// write puts c into the items of l, in place of old, which may be nil.
func (l layout) write(ctx context.Context, system *systemKeyring, k auth.Key, c, old *auth.Credentials) error {
	values, err := l.encode(c)
	if err != nil {
		return err
	}
	for i, item := range l.items(k.Endpoint) {
		if values[i] == "" {
			err = system.remove(ctx, item[0], item[1])
		} else {
			err = system.replace(ctx, item[0], item[1], values[i], l.application, func(value string) bool { return holds(value, old) })
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// holds reports whether value, an item of any layout, holds a token of c.
func holds(value string, c *auth.Credentials) bool {
	if c == nil || value == "" {
		return false
	}
	same := func(access, refresh string) bool {
		return access != "" && access == c.AccessToken || refresh != "" && refresh == c.RefreshToken
	}
	if same(value, value) {
		return true
	}
	tokens, err := decodeTokens(value)
	return err == nil && same(tokens.AccessToken, tokens.RefreshToken)
}

// erase deletes the items of l.
func (l layout) erase(ctx context.Context, system *systemKeyring, k auth.Key) error {
	for _, item := range l.items(k.Endpoint) {
		if err := system.remove(ctx, item[0], item[1]); err != nil {
			return err
		}
	}
	return nil
}
