package auth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/jetway-go/jetway/configstore"
)

// mismatch compares what was asked for with what c was issued for, as far as either is
// known. A flow that uses no configuration causes no request for one.
func (r *renewal) mismatch(ctx context.Context, c *Credentials) string {
	cfg, err := configstore.ClientConfig{}, error(nil)
	if r.env.Config != nil && c.TokenOrigin != "" {
		ctx, cancel := context.WithTimeout(ctx, storeTimeout)
		defer cancel()
		func() {
			defer recovered(ctx, r.log, "the configuration", &err)
			cfg, err = r.env.Config.ClientConfig(ctx)
		}()
	}
	asked := "compare audience and scopes with what the backend expects"
	if err == nil && (cfg.Audience != "" || len(cfg.Scopes) > 0) {
		asked += fmt.Sprintf("; the configuration asks for audience %s, scopes %s",
			quoted(cfg.Audience), quoted(strings.Join(cfg.Scopes, " ")))
	}
	return asked + ", " + c.purpose()
}

// claims are those of a JWT that say what it was issued for.
type claims struct {
	Audience any    `json:"aud"`
	Scope    any    `json:"scope"`
	Scp      any    `json:"scp"`
	Issuer   string `json:"iss"`
}

// purpose describes what c was issued for, as far as its access token is a JWT that says
// so. Nothing is verified.
func (c *Credentials) purpose() string {
	parts := strings.Split(c.AccessToken, ".")
	if len(parts) != 3 {
		return "the token is no JWT that would say what it is for"
	}
	var said claims
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil || json.Unmarshal(payload, &said) != nil {
		return "the token does not say what it is for"
	}
	if said.Scope == nil {
		said.Scope = said.Scp
	}
	return fmt.Sprintf("the token says audience %s, scopes %s, issuer %s",
		quoted(said.Audience), quoted(said.Scope), quoted(said.Issuer))
}

// quoted returns a text, or a list of texts, of a server in a form that an error can show.
func quoted(said any) string {
	if list, ok := said.([]any); ok {
		words := make([]string, 0, len(list))
		for _, word := range list {
			words = append(words, fmt.Sprint(word))
		}
		said = strings.Join(words, " ")
	}
	text, ok := said.(string)
	if !ok || text == "" {
		return "none"
	}
	return strconv.QuoteToASCII(strings.ToValidUTF8(text[:min(len(text), 100)], ""))
}
