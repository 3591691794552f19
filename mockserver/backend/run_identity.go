package backend

import (
	"context"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
)

// caller is who makes the call, as runs and aborts record it; nil when nobody
// was asked to log in.
func caller(ctx context.Context) *commonpb.EnrichedIdentity {
	id, ok := identify(ctx)
	if !ok || id.Subject == "" {
		return nil
	}
	claim := func(name string) string {
		text, _ := id.Claims[name].(string)
		return text
	}
	return &commonpb.EnrichedIdentity{Principal: &commonpb.EnrichedIdentity_User{User: &commonpb.User{
		Id: &commonpb.UserIdentifier{Subject: id.Subject},
		Spec: &commonpb.UserSpec{
			FirstName: claim("given_name"), LastName: claim("family_name"), Email: claim("email"),
			UserHandle: claim("preferred_username"), PhotoUrl: claim("picture"),
		},
	}}}
}

// subject is the subject of an identity, whichever kind it is.
func subject(id *commonpb.EnrichedIdentity) string {
	if app := id.GetApplication(); app != nil {
		return app.GetId().GetSubject()
	}
	return id.GetUser().GetId().GetSubject()
}
