package follow

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	secretpb "github.com/jetway-go/jetway/gen/flyteidl2/secret"
)

// SecretsLister lists secrets: a SecretServiceClient has it.
type SecretsLister interface {
	ListSecrets(ctx context.Context, in *secretpb.ListSecretsRequest, opts ...grpc.CallOption) (*secretpb.ListSecretsResponse, error)
}

// ListSecrets lists the secrets of a scope, without their values, as [Pages] does. Without
// a limit the backend sends all in one page. Where each cluster has a token of its own,
// all of them are followed.
func ListSecrets(
	ctx context.Context, client SecretsLister, req *secretpb.ListSecretsRequest, opts ...Option,
) iter.Seq2[*secretpb.Secret, error] {
	req = copied(req)
	fetch := func(ctx context.Context, token string) ([]*secretpb.Secret, string, error) {
		page, err := secretsPage(req, token)
		if err != nil {
			return nil, "", err
		}
		answer, err := client.ListSecrets(ctx, page)
		if err != nil {
			return nil, "", err
		}
		clusters := map[string]string{}
		for name := range page.GetPerClusterTokens() {
			clusters[name] = "" // read to its end, unless the answer has more
		}
		maps.Copy(clusters, answer.GetPerClusterTokens())
		next, err := secretTokens{answer.GetToken(), clusters}.text()
		return answer.GetSecrets(), next, err
	}
	subject := joined(req.GetOrganization(), req.GetProject(), req.GetDomain())
	return named("list secrets", subject, all(ctx, newConfig(opts), fetch))
}

// secretsPage returns the request of a page.
func secretsPage(req *secretpb.ListSecretsRequest, token string) (*secretpb.ListSecretsRequest, error) {
	page := proto.CloneOf(req)
	if token == "" {
		return page, nil
	}
	var at secretTokens
	if err := json.Unmarshal([]byte(token), &at); err != nil {
		return nil, fmt.Errorf("read back a page token: %w", err)
	}
	page.Token, page.PerClusterTokens = at.Token, at.PerCluster
	return page, nil
}

// secretTokens are the tokens of a page, which are one token for [Pages].
type secretTokens struct {
	Token      string            `json:"token"`
	PerCluster map[string]string `json:"per_cluster"`
}

// text is empty if all of the tokens are.
func (t secretTokens) text() (string, error) {
	more := t.Token != ""
	for _, token := range t.PerCluster {
		more = more || token != ""
	}
	if !more {
		return "", nil
	}
	text, err := json.Marshal(t) // which sorts the clusters
	return string(text), err
}
