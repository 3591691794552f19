package doctor

import (
	"context"
	"errors"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	"github.com/jetway-go/jetway/interceptors"
	"github.com/jetway-go/jetway/internal/fault"
)

func listProjects(ctx context.Context, conn grpc.ClientConnInterface) error {
	_, err := projectpb.NewProjectServiceClient(conn).ListProjects(ctx, &projectpb.ListProjectsRequest{Limit: 1})
	return err
}

// callBackend makes one call. It carries the credentials as its own: were they rejected in
// the usual way, a flow might ask a person.
func (x *examination) callBackend(ctx context.Context) finding {
	if x.setup.Target == "" {
		return skip("the backend has no gRPC API")
	}
	creds, bad := x.credentials(ctx)
	if bad != nil {
		return *bad
	}
	md := metadata.MD{}
	if key, value := creds.Header(); key != "" {
		md.Set(key, value)
	}
	err := x.call(interceptors.WithCallCredentials(ctx, md), x.cs)
	if err == nil {
		return ok(x.callName + " succeeded" + carrying(creds))
	}
	return x.failedCall(ctx, x.callName+": "+err.Error(), status.Code(err), creds)
}

// credentials returns those of a call, nil for none, or why there are none. A flow for
// machines makes its login here, and an expired login is refreshed, as for any call.
func (x *examination) credentials(ctx context.Context) (*auth.Credentials, *finding) {
	_, undiscovered := x.stopped[stepDiscovery]
	_, unreached := x.stopped[stepAuthServer]
	switch {
	case !x.setup.Login, x.setup.NoCredentials != nil:
		return &auth.Credentials{}, nil
	case x.setup.SharedLogin && !x.status.Usable: // its flow may ask a person
		f := skip("the program's own Authenticator has no usable login now, and only the program gets one")
		return nil, &f
	case (undiscovered || unreached) && !x.status.Usable && asks(x.setup.Traits):
		f := skip("no token can be had: see the steps discovery and authserver")
		return nil, &f
	}
	creds, err := x.cs.Authenticator().Credentials(ctx)
	switch {
	case err != nil && errors.Is(err, auth.ErrInteractionRequired):
		f := fail(LoginNeeded, err.Error(), "log in: "+logIn)
		return nil, &f
	case err != nil:
		problem, what := NoToken, "correct what the text names: the client ID and the secret, the token endpoint, the scopes or the audience"
		if ctx.Err() != nil {
			problem, what = Timeout, x.silent(ofAuthServer)
		}
		f := fail(problem, "no token could be had: "+err.Error(), what)
		return nil, &f
	case creds == nil:
		return &auth.Credentials{}, nil
	}
	x.secrets.Add(creds.AccessToken, creds.RefreshToken)
	return creds, nil
}

func carrying(c *auth.Credentials) string {
	if c.AccessToken == "" {
		return " without credentials"
	}
	return " with the token " + c.ID()
}

// failedCall judges the status of a call.
func (x *examination) failedCall(ctx context.Context, seen string, code codes.Code, creds *auth.Credentials) finding {
	switch {
	case code == codes.Unauthenticated && creds.AccessToken == "" && x.setup.NoCredentials != nil:
		return fail(NotSent, seen, x.setup.NoCredentials.Error())
	case code == codes.Unauthenticated && creds.AccessToken == "":
		return fail(LoginNeeded, seen, wantsLogin)
	case code == codes.Unauthenticated:
		return fail(Rejected, seen, "the backend does not accept the token "+creds.ID()+": compare its audience, scopes and issuer with what "+
			"the backend requires, and the clocks; if it was revoked, the next call of the program refreshes it, or a person logs in again")
	case code == codes.PermissionDenied:
		return fail(Denied, seen, "the token was accepted, and lacks a permission: ask the operator of the backend; Scopes of the flow")
	case code == codes.Unimplemented && !fault.IsPage(seen):
		return warn(NotServed, seen, "the backend answers, and does not serve this call: name another one (WithCall), "+
			"or check whether this is the right backend")
	case code == codes.DeadlineExceeded, ctx.Err() != nil:
		return fail(Timeout, seen, "the call was sent, or waits for a connection: find out what keeps the backend, "+
			"or a proxy in front of it, from answering")
	default:
		return fail(CallFailed, seen, "the text says what the backend, or this client, has against the call; if it may pass, try again later")
	}
}
