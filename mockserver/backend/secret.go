package backend

import (
	"context"
	"slices"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	secretpb "github.com/jetway-go/jetway/gen/flyteidl2/secret"
)

// secretServer is SecretService. Projects need not exist, and names are not validated.
type secretServer struct {
	secretpb.UnimplementedSecretServiceServer

	b *Backend
}

func (s secretServer) CreateSecret(_ context.Context, req *secretpb.CreateSecretRequest) (*secretpb.CreateSecretResponse, error) {
	key, value, err := readSecret(req)
	if err != nil {
		return nil, err
	}
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	if _, taken := s.b.secrets.rows[key]; taken {
		return nil, status.Errorf(codes.AlreadyExists, "secret %q already exists", key.name)
	}
	s.b.secrets.set(key, secret{value: value, created: s.b.cfg.Now()})
	return &secretpb.CreateSecretResponse{}, nil
}

func (s secretServer) UpdateSecret(_ context.Context, req *secretpb.UpdateSecretRequest) (*secretpb.UpdateSecretResponse, error) {
	key, value, err := readSecret(req)
	if err != nil {
		return nil, err
	}
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	row, ok := s.b.secrets.rows[key]
	if !ok {
		return nil, secretNotFound(key)
	}
	row.value = value
	s.b.secrets.set(key, row)
	return &secretpb.UpdateSecretResponse{}, nil
}

// GetSecret returns the secret without its value. The answer has the identifier that the
// caller sent.
func (s secretServer) GetSecret(_ context.Context, req *secretpb.GetSecretRequest) (*secretpb.GetSecretResponse, error) {
	key, err := scopeOf(req.GetId())
	if err != nil {
		return nil, err
	}
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	row, ok := s.b.secrets.rows[key]
	if !ok {
		return nil, secretNotFound(key)
	}
	out := row.proto(key)
	out.Id.Organization = req.GetId().GetOrganization()
	return &secretpb.GetSecretResponse{Secret: out}, nil
}

func (s secretServer) DeleteSecret(_ context.Context, req *secretpb.DeleteSecretRequest) (*secretpb.DeleteSecretResponse, error) {
	key, err := scopeOf(req.GetId())
	if err != nil {
		return nil, err
	}
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	if _, ok := s.b.secrets.rows[key]; !ok {
		return nil, secretNotFound(key)
	}
	s.b.secrets.remove(key)
	return &secretpb.DeleteSecretResponse{}, nil
}

func (s secretServer) ListSecrets(_ context.Context, req *secretpb.ListSecretsRequest) (*secretpb.ListSecretsResponse, error) {
	if err := checkScope(req.GetDomain(), req.GetProject()); err != nil {
		return nil, err
	}
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	keys := s.b.secrets.scoped(req.GetDomain(), req.GetProject())
	if token := req.GetToken(); token != "" {
		after, ok := parseSecretToken(token)
		if !ok { // in real backends the cluster that stores the secrets returns this
			return nil, status.Errorf(codes.Internal, "failed to list secrets: invalid continue token %q", token)
		}
		keys = slices.DeleteFunc(keys, func(k secretKey) bool { return k.compare(after) <= 0 })
	}
	out := &secretpb.ListSecretsResponse{}
	if limit := int(req.GetLimit()); limit > 0 && limit < len(keys) {
		keys = keys[:limit]
		out.Token = secretToken(keys[limit-1])
	}
	for _, key := range keys {
		out.Secrets = append(out.Secrets, s.b.secrets.rows[key].proto(key))
	}
	return out, nil
}

// readSecret reads the parts that Create and Update share.
func readSecret(req interface {
	GetId() *secretpb.SecretIdentifier
	GetSecretSpec() *secretpb.SecretSpec
}) (secretKey, []byte, error) {
	key, err := scopeOf(req.GetId())
	if err != nil {
		return key, nil, err
	}
	if req.GetSecretSpec() == nil {
		return key, nil, status.Error(codes.InvalidArgument, "secret_spec is required")
	}
	value, ok := secretValue(req.GetSecretSpec())
	if !ok {
		return key, nil, status.Error(codes.InvalidArgument, "secret_spec.value is required: set string_value or binary_value")
	}
	return key, value, nil
}

func scopeOf(id *secretpb.SecretIdentifier) (secretKey, error) {
	if id == nil {
		return secretKey{}, status.Error(codes.InvalidArgument, "id is required")
	}
	return secretKey{id.GetDomain(), id.GetProject(), id.GetName()}, checkScope(id.GetDomain(), id.GetProject())
}

func checkScope(domain, project string) error {
	if project != "" && domain == "" {
		return status.Error(codes.InvalidArgument, "a project's secret needs a domain too")
	}
	return nil
}

func secretNotFound(k secretKey) error {
	return status.Errorf(codes.NotFound, "secret %q not found", k.name)
}

// proto returns the secret as the service sends it. Its type is not stored.
func (s secret) proto(k secretKey) *secretpb.Secret {
	return &secretpb.Secret{
		Id: &secretpb.SecretIdentifier{Name: k.name, Domain: k.domain, Project: k.project},
		SecretMetadata: &secretpb.SecretMetadata{
			CreatedTime: timestamppb.New(s.created),
			SecretStatus: &secretpb.SecretStatus{
				OverallStatus: secretpb.OverallStatus_FULLY_PRESENT,
				ClusterStatus: []*secretpb.ClusterSecretStatus{{
					Cluster:        &commonpb.ClusterIdentifier{Name: "mock"},
					PresenceStatus: secretpb.SecretPresenceStatus_PRESENT,
				}},
			},
		},
	}
}
