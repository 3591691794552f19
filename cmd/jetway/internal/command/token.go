package command

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/cmd/jetway/internal/failure"
	"github.com/jetway-go/jetway/cmd/jetway/internal/show"
	"github.com/jetway-go/jetway/configstore"
)

// tokenFormats are the values of --format.
func tokenFormats() []string { return []string{"raw", "json", "header", "exec-credential", "netrc"} }

func newToken(a *App) *cobra.Command {
	var format string
	formatted := func(c *cobra.Command) bool { return c.Flags().Changed("format") }
	var ttl time.Duration
	c := &cobra.Command{
		Use:   "token",
		Short: "Print an access token for another program",
		Long: "Prints the access token of the login, and renews it before if it ends within --min-ttl. Many\n" +
			"processes that ask at once cause one renewal. It asks no question: without a login it fails.\n\n" +
			"Formats: raw, the token alone; json, as with -o json; header, as a line for curl -H @-;\n" +
			"exec-credential, for kubectl; netrc, a line for git and curl.",
		Example: "  curl -H \"$(jetway token --format header)\" https://flyte.example.com/\n" +
			"  jetway token --format json --min-ttl 10m",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if !formatted(c) && (a.format == show.JSON || a.format == show.YAML) {
				format = "json"
			}
			if !slices.Contains(tokenFormats(), format) {
				return failure.Usage("--format %q: want one of %s", format, strings.Join(tokenFormats(), ", "))
			}
			if ttl < 0 {
				return failure.Usage("--min-ttl %v: want 0 or more", ttl)
			}
			ctx, cancel := a.limited(c.Context())
			defer cancel()
			return a.token(ctx, format, ttl)
		},
	}
	c.Flags().StringVar(&format, "format", "raw", "how to print it: "+strings.Join(tokenFormats(), ", "))
	c.Flags().DurationVar(&ttl, "min-ttl", 0, "renew a token that ends within this `time`")
	complete(c, "format", tokenFormats())
	return c
}

func (a *App) token(ctx context.Context, format string, ttl time.Duration) error {
	p, err := a.plan()
	if err != nil {
		return err
	}
	p.MinTTL = ttl
	cs, err := p.Open(ctx)
	if err != nil {
		return err
	}
	defer cs.Close()
	creds, err := cs.Authenticator().Credentials(ctx)
	switch {
	case errors.Is(err, configstore.ErrNoLogin):
		return failure.Exit(failure.General, fmt.Errorf("%s asks for no login, so there is no token", endpointOf(cs)), "")
	case err != nil:
		return hinted(p, err)
	case creds == nil || creds.AccessToken == "":
		return hinted(p, failure.Exit(failure.Auth, fmt.Errorf("%s: %w", endpointOf(cs), auth.ErrInteractionRequired), ""))
	}
	switch left := time.Until(creds.Expiry); {
	case creds.Expiry.IsZero():
	case left <= 0: // a call would still try it, since clocks differ; another program could only fail with it
		err := fmt.Errorf("%s: the access token has expired %s ago, and cannot be renewed", endpointOf(cs), short(-left))
		return hinted(p, failure.Exit(failure.Auth, err, "run: jetway login; if the clock of this machine is wrong, jetway doctor says so"))
	case left < ttl:
		a.IO.Warnf("the server's tokens last %s, less than --min-ttl", short(left))
	}
	if format == "json" && a.format == show.YAML {
		return a.printJSON(tokenFields(creds))
	}
	text, err := a.tokenText(cs, creds, format)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(a.IO.Out, text)
	return err
}

// tokenFields is a token as the format json has it.
func tokenFields(c *auth.Credentials) map[string]any {
	key, value := c.Header()
	out := map[string]any{"access_token": c.AccessToken, "header": key, "value": value}
	if !c.Expiry.IsZero() {
		out["expiry"] = c.Expiry.UTC().Format(time.RFC3339)
	}
	return out
}

func (a *App) tokenText(cs *clientset.ClientSet, c *auth.Credentials, format string) (string, error) {
	key, value := c.Header()
	if scheme, _, _ := strings.Cut(value, " "); scheme != "Bearer" && (format == "netrc" || format == "exec-credential") {
		return "", failure.Exit(failure.Misuse, fmt.Errorf("%s is for bearer tokens, and this backend takes %s in the header %s",
			format, cmp.Or(c.TokenType, "another kind"), key), "use --format header, or raw")
	}
	switch format {
	case "header":
		return key + ": " + value, nil
	case "netrc":
		return fmt.Sprintf("machine %s login oauth2 password %s", hostOf(cs), c.AccessToken), nil
	case "exec-credential":
		return a.execCredential(c)
	case "json":
		text, err := json.Marshal(tokenFields(c))
		return string(text), err
	default:
		return c.AccessToken, nil
	}
}

// execCredential is the answer to kubectl and other programs of client-go, in the version
// that KUBERNETES_EXEC_INFO asks for.
func (a *App) execCredential(c *auth.Credentials) (string, error) {
	const group = "client.authentication.k8s.io/"
	version := group + "v1"
	if text, ok := a.Lookup("KUBERNETES_EXEC_INFO"); ok && text != "" {
		var asked struct {
			Kind       string `json:"kind"`
			APIVersion string `json:"apiVersion"`
		}
		if err := json.Unmarshal([]byte(text), &asked); err != nil {
			return "", failure.Exit(failure.Config, errors.New("KUBERNETES_EXEC_INFO is not JSON"), "kubectl sets it; unset it to get v1")
		}
		if asked.APIVersion != group+"v1" && asked.APIVersion != group+"v1beta1" {
			return "", failure.Exit(failure.Config,
				fmt.Errorf("KUBERNETES_EXEC_INFO asks for %q: want %sv1 or %sv1beta1", show.Clean(asked.APIVersion), group, group),
				"set apiVersion in the exec section of the kubeconfig")
		}
		version = asked.APIVersion
	}
	status := map[string]string{"token": c.AccessToken}
	if !c.Expiry.IsZero() {
		status["expirationTimestamp"] = c.Expiry.UTC().Format(time.RFC3339)
	}
	text, err := json.Marshal(map[string]any{"kind": "ExecCredential", "apiVersion": version, "status": status})
	return string(text), err
}

// hostOf is the backend's host without a port, as netrc names machines.
func hostOf(cs *clientset.ClientSet) string {
	address := cs.Endpoint()
	if address == "" {
		address = cs.HTTPURL("")
	}
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		return u.Hostname()
	}
	address = address[strings.LastIndex(address, "/")+1:]
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}
