package command

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/cmd/jetway/internal/connect"
	"github.com/jetway-go/jetway/cmd/jetway/internal/failure"
	"github.com/jetway-go/jetway/cmd/jetway/internal/show"
	"github.com/jetway-go/jetway/follow"
	secretpb "github.com/jetway-go/jetway/gen/flyteidl2/secret"
)

func newSecret(a *App) *cobra.Command {
	return group("secret", "Store secrets for tasks; their values are never shown", newSecretList(a), newSecretCreate(a), newSecretDelete(a))
}

func newSecretList(a *App) *cobra.Command {
	var limit int
	var all bool
	c := &cobra.Command{
		Use: "list", Short: "List the names of secrets", Args: cobra.NoArgs, Example: "  jetway secret list --project demo --domain development",
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, cancel := a.limited(c.Context())
			defer cancel()
			return a.secretList(ctx, limit, all)
		},
	}
	limitFlag(c, &limit, 50)
	c.Flags().BoolVar(&all, "all", false, "of every project and of none, whatever the profile says")
	return c
}

func (a *App) secretList(ctx context.Context, limit int, all bool) error {
	cs, p, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer cs.Close()
	p = secretScope(p, all)
	w := a.waitFor("waiting for the secrets")
	secrets, err := take(limit, follow.ListSecrets(ctx, cs.Secret(), &secretpb.ListSecretsRequest{
		Organization: p.Org, Project: p.Project, Domain: p.Domain, Limit: int32(page(limit)), //nolint:gosec // at most 100
	}, w.opts()...))
	w.stop()
	if err != nil {
		return err
	}
	v := show.View{Value: show.Messages(secrets), Columns: []string{"name", "project", "domain", "created"}, Empty: "there are no secrets"}
	for _, s := range secrets {
		v.Rows = append(v.Rows, []string{
			s.GetId().GetName(), s.GetId().GetProject(), s.GetId().GetDomain(), when(s.GetSecretMetadata().GetCreatedTime()),
		})
	}
	return a.print(v)
}

func newSecretCreate(a *App) *cobra.Command {
	var file string
	var replace, global bool
	c := &cobra.Command{
		Use: "create NAME", Short: "Store a secret; its value comes from standard input or a file", Args: cobra.ExactArgs(1),
		Long: "Stores a secret for the project and the domain of the flags or the profile, or with --global for\n" +
			"all. The value is standard input, byte for byte, or a file: an argument could be seen by others.",
		Example: "  printf %s \"$TOKEN\" | jetway secret create api-token --project demo --domain development\n" +
			"  jetway secret create key --file key.pem",
		RunE: func(c *cobra.Command, args []string) error {
			if args[0] == "" {
				return errUnnamed()
			}
			value, err := a.secretValue(file)
			if err != nil {
				return err
			}
			ctx, cancel := a.limited(c.Context())
			defer cancel()
			return a.secretCreate(ctx, args[0], value, replace, global)
		},
	}
	c.Flags().StringVar(&file, "file", "", "read the value from this `file`")
	c.Flags().BoolVar(&replace, "replace", false, "replace the value of a secret that exists")
	c.Flags().BoolVar(&global, "global", false, "for every project, whatever the profile says")
	return c
}

func (a *App) secretCreate(ctx context.Context, name string, value []byte, replace, global bool) error {
	cs, p, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer cs.Close()
	id := secretID(secretScope(p, global), name)
	spec := &secretpb.SecretSpec{Value: &secretpb.SecretSpec_BinaryValue{BinaryValue: value}}
	if replace {
		_, err = cs.Secret().UpdateSecret(ctx, &secretpb.UpdateSecretRequest{Id: id, SecretSpec: spec})
	} else {
		_, err = cs.Secret().CreateSecret(ctx, &secretpb.CreateSecretRequest{Id: id, SecretSpec: spec})
	}
	switch status.Code(err) {
	case codes.OK:
	case codes.AlreadyExists:
		return failure.Hint(err, "to give it another value, add --replace")
	default:
		return missingSecret(err)
	}
	a.IO.Notef("Secret %q is stored.", name)
	return nil
}

func newSecretDelete(a *App) *cobra.Command {
	var global bool
	c := &cobra.Command{
		Use: "delete NAME", Short: "Delete a secret", Args: cobra.ExactArgs(1), Example: "  jetway secret delete api-token",
		RunE: func(c *cobra.Command, args []string) error {
			if args[0] == "" {
				return errUnnamed()
			}
			ctx, cancel := a.limited(c.Context())
			defer cancel()
			cs, p, err := a.open(ctx)
			if err != nil {
				return err
			}
			defer cs.Close()
			if _, err := cs.Secret().DeleteSecret(ctx, &secretpb.DeleteSecretRequest{Id: secretID(secretScope(p, global), args[0])}); err != nil {
				return missingSecret(err)
			}
			a.IO.Notef("Secret %q was deleted.", args[0])
			return nil
		},
	}
	c.Flags().BoolVar(&global, "global", false, "one of no project, whatever the profile says")
	return c
}

// errUnnamed is the error of a name that a variable without a value may have given.
func errUnnamed() error { return failure.Usage("the name of the secret is empty") }

// missingSecret adds to the error of a secret that does not exist how to find those that do.
func missingSecret(err error) error {
	if status.Code(err) == codes.NotFound {
		return failure.Hint(err, "run: jetway secret list --all")
	}
	return err
}

// secretScope takes project and domain off the plan for a secret that is for all.
func secretScope(p *connect.Plan, global bool) *connect.Plan {
	out := *p
	if global {
		out.Project, out.Domain = "", ""
	}
	return &out
}

func secretID(p *connect.Plan, name string) *secretpb.SecretIdentifier {
	return &secretpb.SecretIdentifier{Name: name, Organization: p.Org, Project: p.Project, Domain: p.Domain}
}

// secretValue reads the value of a secret.
func (a *App) secretValue(file string) ([]byte, error) {
	from := a.IO.In
	switch {
	case file != "":
		f, err := os.Open(file)
		if err != nil {
			return nil, failure.Exit(failure.Misuse, err, "")
		}
		defer f.Close()
		from = f
	case a.IO.InTerminal:
		return nil, failure.Usage("pipe the value to standard input, or add --file FILE")
	}
	value, err := io.ReadAll(io.LimitReader(from, 1<<20+1))
	switch {
	case err != nil && file != "": // such as a directory
		return nil, failure.Exit(failure.Misuse, err, "")
	case err != nil:
		return nil, fmt.Errorf("read the value: %w", err)
	case len(value) > 1<<20:
		return nil, failure.Usage("the value is longer than 1 MiB")
	case len(value) == 0:
		return nil, failure.Usage("the value is empty")
	}
	return value, nil
}
