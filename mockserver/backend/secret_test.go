package backend

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"

	secretpb "github.com/jetway-go/jetway/gen/flyteidl2/secret"
)

func textSecret(value string) *secretpb.SecretSpec {
	return &secretpb.SecretSpec{
		Value: &secretpb.SecretSpec_StringValue{StringValue: value}, Type: secretpb.SecretType_SECRET_TYPE_IMAGE_PULL_SECRET,
	}
}

func secretID(domain, project, name string) *secretpb.SecretIdentifier {
	return &secretpb.SecretIdentifier{Domain: domain, Project: project, Name: name}
}

func keep(t *testing.T, c secretpb.SecretServiceClient, id *secretpb.SecretIdentifier) {
	t.Helper()
	_, err := c.CreateSecret(t.Context(), &secretpb.CreateSecretRequest{Id: id, SecretSpec: textSecret("v")})
	wantCode(t, err, codes.OK)
}

func TestSecretsAreScoped(t *testing.T) {
	t.Parallel()
	_, conn := dial(t, Config{})
	c := secretpb.NewSecretServiceClient(conn)

	// A project without a domain is refused by every method.
	bad := secretID("", "demo", "s")
	_, err := c.CreateSecret(t.Context(), &secretpb.CreateSecretRequest{Id: bad, SecretSpec: textSecret("v")})
	wantCode(t, err, codes.InvalidArgument)
	_, err = c.GetSecret(t.Context(), &secretpb.GetSecretRequest{Id: bad})
	wantCode(t, err, codes.InvalidArgument)
	_, err = c.UpdateSecret(t.Context(), &secretpb.UpdateSecretRequest{Id: bad, SecretSpec: textSecret("v")})
	wantCode(t, err, codes.InvalidArgument)
	_, err = c.DeleteSecret(t.Context(), &secretpb.DeleteSecretRequest{Id: bad})
	wantCode(t, err, codes.InvalidArgument)
	_, err = c.ListSecrets(t.Context(), &secretpb.ListSecretsRequest{Project: "demo"})
	wantCode(t, err, codes.InvalidArgument)

	// Projects need not exist, names are not checked.
	for _, id := range []*secretpb.SecretIdentifier{
		secretID("", "", "global"), secretID("development", "", "in-domain"), secretID("development", "ghost", "in-project"),
		secretID("", "", "with a space"), secretID("", "", ""),
	} {
		keep(t, c, id)
		got, err := c.GetSecret(t.Context(), &secretpb.GetSecretRequest{Id: id})
		wantCode(t, err, codes.OK)
		if got.GetSecret().GetId().GetName() != id.GetName() {
			t.Errorf("stored %v, got %v", id, got)
		}
	}
}

func TestSecretsAreCreatedUpdatedAndDeleted(t *testing.T) {
	t.Parallel()
	b, conn := dial(t, Config{})
	c := secretpb.NewSecretServiceClient(conn)
	id := secretID("development", "demo", "key")

	_, err := c.CreateSecret(t.Context(), &secretpb.CreateSecretRequest{Id: id})
	wantCode(t, err, codes.InvalidArgument)
	_, err = c.CreateSecret(t.Context(), &secretpb.CreateSecretRequest{Id: id, SecretSpec: &secretpb.SecretSpec{}})
	wantCode(t, err, codes.InvalidArgument)
	_, err = c.CreateSecret(t.Context(), &secretpb.CreateSecretRequest{SecretSpec: textSecret("v")})
	wantCode(t, err, codes.InvalidArgument)
	_, err = c.UpdateSecret(t.Context(), &secretpb.UpdateSecretRequest{Id: id, SecretSpec: textSecret("v")})
	wantCode(t, err, codes.NotFound)

	keep(t, c, id)
	_, err = c.CreateSecret(t.Context(), &secretpb.CreateSecretRequest{Id: id, SecretSpec: textSecret("v")})
	wantCode(t, err, codes.AlreadyExists)
	keep(t, c, secretID("development", "", "key")) // another scope, another secret

	got, err := c.GetSecret(t.Context(), &secretpb.GetSecretRequest{Id: id})
	wantCode(t, err, codes.OK)
	meta := got.GetSecret().GetSecretMetadata()
	if meta.GetType() != secretpb.SecretType_SECRET_TYPE_GENERIC {
		t.Errorf("type %v came back, want it dropped", meta.GetType())
	}
	clusters := meta.GetSecretStatus().GetClusterStatus()
	if meta.GetSecretStatus().GetOverallStatus() != secretpb.OverallStatus_FULLY_PRESENT ||
		len(clusters) != 1 || clusters[0].GetPresenceStatus() != secretpb.SecretPresenceStatus_PRESENT {
		t.Errorf("status %v", meta.GetSecretStatus())
	}

	_, err = c.UpdateSecret(t.Context(), &secretpb.UpdateSecretRequest{
		Id: id, SecretSpec: &secretpb.SecretSpec{Value: &secretpb.SecretSpec_BinaryValue{BinaryValue: []byte{0, 1}}},
	})
	wantCode(t, err, codes.OK)
	if value, ok := b.SecretValue("development", "demo", "key"); !ok || string(value) != "\x00\x01" {
		t.Errorf("stored value %q, %v", value, ok)
	}
	if value, _ := b.SecretValue("development", "", "key"); string(value) != "v" {
		t.Errorf("the other scope's secret became %q", value)
	}

	for _, want := range []codes.Code{codes.OK, codes.NotFound} {
		_, err = c.DeleteSecret(t.Context(), &secretpb.DeleteSecretRequest{Id: id})
		wantCode(t, err, want)
	}
	_, err = c.GetSecret(t.Context(), &secretpb.GetSecretRequest{Id: id})
	wantCode(t, err, codes.NotFound)
}

func TestListSecretsPages(t *testing.T) {
	t.Parallel()
	_, conn := dial(t, Config{})
	c := secretpb.NewSecretServiceClient(conn)
	for _, id := range []*secretpb.SecretIdentifier{
		secretID("", "", "g"), secretID("development", "", "d"), secretID("development", "demo", "p"),
		secretID("development", "other", "o"), secretID("staging", "demo", "s"),
	} {
		keep(t, c, id)
	}
	list := func(t *testing.T, req *secretpb.ListSecretsRequest) (names []string, token string) {
		t.Helper()
		got, err := c.ListSecrets(t.Context(), req)
		wantCode(t, err, codes.OK)
		for _, s := range got.GetSecrets() {
			names = append(names, s.GetId().GetName())
		}
		return names, got.GetToken()
	}

	for name, tc := range map[string]struct {
		req  *secretpb.ListSecretsRequest
		want []string
	}{
		"no domain is all":             {&secretpb.ListSecretsRequest{}, []string{"g", "d", "p", "o", "s"}},
		"domain with project secrets":  {&secretpb.ListSecretsRequest{Domain: "development"}, []string{"d", "p", "o"}},
		"domain and project, no more":  {&secretpb.ListSecretsRequest{Domain: "development", Project: "demo"}, []string{"p"}},
		"nothing there":                {&secretpb.ListSecretsRequest{Domain: "production"}, nil},
		"a limit that fits everything": {&secretpb.ListSecretsRequest{Limit: 5}, []string{"g", "d", "p", "o", "s"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			names, token := list(t, tc.req)
			if diff := cmp.Diff(tc.want, names); diff != "" || token != "" {
				t.Errorf("token %q, names (-want +got):\n%s", token, diff)
			}
		})
	}

	t.Run("paged by an opaque token", func(t *testing.T) {
		t.Parallel()
		var pages []string
		req := &secretpb.ListSecretsRequest{Limit: 2}
		for range 10 {
			names, token := list(t, req)
			pages = append(pages, fmt.Sprint(names))
			if req.Token = token; token == "" {
				break
			}
			if _, err := parseToken(token); err == nil {
				t.Errorf("token %q is numeric", token)
			}
		}
		if diff := cmp.Diff([]string{"[g d]", "[p o]", "[s]"}, pages); diff != "" {
			t.Errorf("pages (-want +got):\n%s", diff)
		}
	})

	t.Run("bad token", func(t *testing.T) {
		t.Parallel()
		for _, token := range []string{"2", "AAAA", "?"} {
			_, err := c.ListSecrets(t.Context(), &secretpb.ListSecretsRequest{Token: token})
			wantCode(t, err, codes.Internal)
		}
	})
}
