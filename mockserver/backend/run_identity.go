package backend

import (
	"context"

	"google.golang.org/protobuf/proto"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
)

// caller returns the caller as runs and aborts record it; nil if the server demands no
// login.
func caller(ctx context.Context) *commonpb.EnrichedIdentity {
	id, ok := identify(ctx)
	if !ok || id.Subject == "" {
		return nil
	}
	claim := func(name string) string {
		text, _ := id.Claims[name].(string)
		return text
	}
	user := &commonpb.User{
		Id: &commonpb.UserIdentifier{Subject: id.Subject},
		Spec: &commonpb.UserSpec{
			FirstName: claim("given_name"), LastName: claim("family_name"), Email: claim("email"),
			UserHandle: claim("preferred_username"), PhotoUrl: claim("picture"),
		},
	}
	if proto.Size(user.GetSpec()) == 0 {
		user.Spec = nil
	}
	return &commonpb.EnrichedIdentity{Principal: &commonpb.EnrichedIdentity_User{User: user}}
}

// subject returns the subject of an identity of either kind.
func subject(id *commonpb.EnrichedIdentity) string {
	if app := id.GetApplication(); app != nil {
		return app.GetId().GetSubject()
	}
	return id.GetUser().GetId().GetSubject()
}
