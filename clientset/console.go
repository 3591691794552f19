package clientset

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	apppb "github.com/jetway-go/jetway/gen/flyteidl2/app"
	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	"github.com/jetway-go/jetway/internal/endpoint"
)

// Console makes the URLs of pages of Flyte's web console. [ClientSet.Console] returns one.
// Names are escaped, so that a name cannot lead to another page.
type Console struct{ base string }

// URL returns the URL of the console itself, without a slash at its end.
func (c Console) URL() string { return c.base }

// Runs returns the URL of the list of a project's runs.
func (c Console) Runs(p *commonpb.ProjectIdentifier) string {
	return c.page(p.GetDomain(), p.GetName(), "runs")
}

// Run returns the URL of a run.
func (c Console) Run(id *commonpb.RunIdentifier) string {
	return c.page(id.GetDomain(), id.GetProject(), "runs", id.GetName())
}

// TrackedRun returns the URL of a run of TrackedRunService, which ran outside of Flyte.
func (c Console) TrackedRun(id *commonpb.RunIdentifier) string {
	return c.page(id.GetDomain(), id.GetProject(), "tracked-runs", id.GetName())
}

// Task returns the URL of a task, whatever its version.
func (c Console) Task(id *taskpb.TaskIdentifier) string {
	return c.page(id.GetDomain(), id.GetProject(), "tasks", id.GetName())
}

// Trigger returns the URL of a trigger.
func (c Console) Trigger(id *commonpb.TriggerName) string {
	return c.page(id.GetDomain(), id.GetProject(), "triggers", id.GetTaskName(), id.GetName())
}

// App returns the URL of an app.
func (c Console) App(id *apppb.Identifier) string {
	return c.page(id.GetDomain(), id.GetProject(), "apps", id.GetName())
}

// Artifact returns the URL of an artifact, whatever its version.
func (c Console) Artifact(key *corepb.ArtifactKey) string {
	return c.page(key.GetDomain(), key.GetProject(), "artifacts", key.GetName())
}

func (c Console) page(domain, project string, rest ...string) string {
	var b strings.Builder
	b.WriteString(c.base + "/v2")
	for _, segment := range append([]string{"domain", domain, "project", project}, rest...) {
		if segment == "." || segment == ".." { // which browsers resolve, escaped or not
			segment = strings.ReplaceAll(segment, ".", "%2E")
		}
		b.WriteString("/" + url.PathEscape(segment))
	}
	return b.String()
}

// Console returns what makes the URLs of pages of Flyte's web console. The address is that of
// [WithConsole] or of the target, else the service_http_endpoint that the backend advertises,
// else it is derived from the endpoint: its host and port, or port 8080 of this machine for a
// sandbox on port 8090.
//
// Only the second takes a call, GetPublicClientConfig, until it is answered once; it needs no
// login. If the backend does not answer it within ctx, or what it advertises would not do for
// [WithConsole], the address is the derived one. The error is an [*Error]: that of the target
// cannot be used, or there is none to derive, as for a unix socket or [ForConn].
func (c *ClientSet) Console(ctx context.Context) (Console, error) {
	if known := c.console.Load(); known != nil {
		return *known, nil
	}
	if c.badConsole != nil {
		return Console{}, c.fail(opConsole, c.badConsole)
	}
	found, err := c.advertisedConsole(ctx)
	answered := err == nil || status.Code(err) == codes.Unimplemented
	if found == "" {
		found = c.derivedConsole()
	}
	if found == "" {
		return Console{}, c.fail(opConsole, errors.Join(
			errors.New("its address cannot be derived from this endpoint; set it by WithConsole"), err))
	}
	console := Console{found}
	if answered {
		c.console.Store(&console)
	}
	return console, nil
}

// setConsole uses what the program or the target says. What the target says does no harm
// until the console is asked for.
func (c *ClientSet) setConsole(cfg *config) error {
	text := cmp.Or(cfg.console, cfg.targetConsole)
	if text == "" {
		return nil
	}
	base, err := consoleURL(text, c.plaintext)
	switch {
	case err == nil:
		c.console.Store(&Console{base})
	case cfg.console != "":
		return fmt.Errorf("WithConsole: %w", err)
	default:
		c.badConsole = fmt.Errorf("%s: %w", cmp.Or(cfg.names.Console, "the target's Console"), err)
	}
	return nil
}

// advertisedConsole asks the backend; empty if it advertises no console that will do.
func (c *ClientSet) advertisedConsole(ctx context.Context) (string, error) {
	if c.httpOnly {
		return "", nil
	}
	answer, err := c.AuthMetadata().GetPublicClientConfig(ctx, &authpb.GetPublicClientConfigRequest{})
	if err != nil {
		return "", err
	}
	text := answer.GetServiceHttpEndpoint()
	if !strings.Contains(text, "://") {
		return "", nil
	}
	base, err := consoleURL(text, c.plaintext)
	if err != nil {
		return "", nil //nolint:nilerr // the derived one is better than a bad one
	}
	return base, nil
}

func (c *ClientSet) derivedConsole() string {
	e := c.endpoint
	if e.Loopback && e.Port == "8090" { // Flyte's sandbox
		e.Port = "8080"
	}
	return e.HTTPBase(c.plaintext)
}

// consoleURL checks the URL of a console and returns it without a slash at its end.
func consoleURL(text string, plaintext bool) (string, error) {
	text = strings.TrimSpace(text)
	if scheme, _, ok := strings.Cut(text, "://"); !ok || scheme == "dns" {
		e, err := endpoint.Parse(text)
		switch {
		case err != nil:
			return "", err
		case e.Host == "":
			return "", errors.New("the URL of a console needs a host")
		}
		return e.HTTPBase(plaintext), nil
	}
	u, err := url.Parse(text)
	switch {
	case err != nil: // the error quotes the URL, which may have a password in it
		return "", errors.New("the URL of the console is not a URL")
	case u.Scheme != "https" && u.Scheme != "http":
		return "", errors.New("the URL of the console is neither https:// nor http://")
	case u.User != nil, u.RawQuery != "" || u.ForceQuery, u.Fragment != "":
		return "", errors.New("the URL of the console has a user, a query or a fragment in it; give scheme, host and path only")
	}
	e, err := endpoint.Parse(u.Scheme + "://" + u.Host)
	if err != nil {
		return "", fmt.Errorf("the URL of the console: %w", err)
	}
	if u.Scheme == "http" && !plaintext && !e.Loopback {
		return "", errors.New("the URL of the console is http://, but the endpoint has TLS; write https://")
	}
	base, err := url.JoinPath(e.HTTPBase(u.Scheme == "http"), u.EscapedPath())
	return strings.TrimRight(base, "/"), err
}
