package backend

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"

	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
)

// identityServer is IdentityService.
type identityServer struct {
	authpb.UnimplementedIdentityServiceServer
}

// UserInfo is the one method that needs the caller's identity even if no credentials are
// checked.
func (identityServer) UserInfo(ctx context.Context, _ *authpb.UserInfoRequest) (*authpb.UserInfoResponse, error) {
	who, ok := identify(ctx)
	if !ok {
		return nil, status.Error(codes.Unauthenticated, "no identity: send a credential that names its subject")
	}
	text := func(claim string) string {
		s, _ := who.Claims[claim].(string)
		return s
	}
	extra, err := additionalClaims(who.Claims)
	if err != nil {
		return nil, status.Errorf(codes.Internal, "claims of %q: %v", who.Subject, err)
	}
	return &authpb.UserInfoResponse{
		Subject: who.Subject, Name: text("name"), PreferredUsername: text("preferred_username"),
		GivenName: text("given_name"), FamilyName: text("family_name"),
		Email: text("email"), Picture: text("picture"), AdditionalClaims: extra,
	}, nil
}

// additionalClaims returns the claims that have no field of their own; nil without any.
func additionalClaims(claims map[string]any) (*structpb.Struct, error) {
	named := []string{"sub", "name", "preferred_username", "given_name", "family_name", "email", "picture"}
	rest := maps.Clone(claims)
	maps.DeleteFunc(rest, func(claim string, _ any) bool { return slices.Contains(named, claim) })
	if len(rest) == 0 {
		return nil, nil //nolint:nilnil // an unset field is how the contract says "none"
	}
	raw, err := json.Marshal(rest) // a verifier's claims may be of any Go type
	if err != nil {
		return nil, err
	}
	out := &structpb.Struct{}
	err = out.UnmarshalJSON(raw)
	return out, err
}
