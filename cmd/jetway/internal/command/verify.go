package command

import (
	"context"
	"io"
	"net/http"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/cmd/jetway/internal/connect"
	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	"github.com/jetway-go/jetway/platform/jupyterhub"
	"github.com/jetway-go/jetway/platform/wallaroo"
)

// identity is who the backend takes the caller for.
type identity struct {
	Platform string `json:"platform"`
	Endpoint string `json:"endpoint"`
	User     string `json:"user,omitempty"`
	Name     string `json:"name,omitempty"`
	Email    string `json:"email,omitempty"`
}

// whoIs makes the one call that shows that the credentials are good, and returns what
// the backend says about their owner; some say nothing.
func whoIs(ctx context.Context, cs *clientset.ClientSet, p *connect.Plan) (identity, error) {
	me := identity{Platform: p.Platform, Endpoint: endpointOf(cs)}
	switch p.Platform {
	case connect.JupyterHub:
		self, err := jupyterhub.NewClient(cs.HTTPClient(), cs.HTTPURL("")).Self(ctx)
		me.User = self.Name
		return me, err
	case connect.Wallaroo:
		_, err := wallaroo.NewClient(cs.HTTPClient(), cs.HTTPURL("")).Workspaces(ctx)
		return me, err
	case connect.Kubeflow:
		return me, get(ctx, cs, "/apis/v2beta1/experiments?page_size=1")
	case connect.Nublado:
		me.User = p.User
		return me, get(ctx, cs, "/hub/home") // by the ingress, which checks the token; the hub's API wants a session
	}
	info, err := cs.Identity().UserInfo(ctx, &authpb.UserInfoRequest{})
	if status.Code(err) == codes.Unimplemented { // an older server: any call shows whether the login is good
		_, err = cs.Project().ListProjects(ctx, &projectpb.ListProjectsRequest{Org: p.Org})
		return me, err
	}
	me.User, me.Name, me.Email = info.GetSubject(), info.GetName(), info.GetEmail()
	return me, err
}

// verify checks the credentials with one call.
func verify(ctx context.Context, cs *clientset.ClientSet, p *connect.Plan) error {
	_, err := whoIs(ctx, cs, p)
	return err
}

// get makes a GET request and looks at its status alone; a redirect is an answer.
func get(ctx context.Context, cs *clientset.ClientSet, path string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, cs.HTTPURL(path), http.NoBody)
	if err != nil {
		return err
	}
	r.Header.Set("Accept", "application/json")
	hc := *cs.HTTPClient()
	hc.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := hc.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, 64<<10) // for the next request on this connection
	return httpFailure(http.MethodGet, path, answer.StatusCode)
}

// endpointOf returns where cs connects to, for people.
func endpointOf(cs *clientset.ClientSet) string {
	if e := cs.Endpoint(); e != "" {
		return e
	}
	return cs.HTTPURL("")
}
