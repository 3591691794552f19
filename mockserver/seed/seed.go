// Package seed fills a mock with projects, tasks, runs and secrets, as a YAML file
// describes them; the file may name clients and users for its authorization server too.
//
//	projects:
//	  - id: demo
//	tasks:
//	  - {project: demo, name: hello, inputs: {times: integer}}
//	runs:
//	  - project: demo
//	    task: hello
//	    timeline:
//	      - {after: 300ms, phase: running, logs: [hello]}
//	      - {after: 1s, phase: succeeded}
//
// The fields are those of the message SeedFile in proto/jetway/mock/v1/seed.proto. Reading
// is strict: an unknown field, a field given twice or a value of another kind is an [Error]
// with its line.
//
// Call [Parse], and [File.Apply] on a running mock, or [File.ApplyMissing] on one with kept
// state.
package seed

import (
	"context"
	"crypto/rand"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	secretpb "github.com/jetway-go/jetway/gen/flyteidl2/secret"
	mockpb "github.com/jetway-go/jetway/gen/jetway/mock/v1"
	"github.com/jetway-go/jetway/mockserver/backend"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// File is a seed file that was read.
type File struct {
	content *mockpb.SeedFile
	lines   map[proto.Message]int
}

// Parse reads the text of a seed file; an empty one has nothing in it. The error is an
// *[Error].
func Parse(text []byte) (*File, error) {
	f := &File{content: &mockpb.SeedFile{}, lines: map[proto.Message]int{}}
	r := reader{lines: f.lines}
	r.document(text, f.content.ProtoReflect())
	f.check(&r)
	if len(r.problems) > 0 {
		return nil, &Error{Problems: r.problems}
	}
	return f, nil
}

// check looks for what is required, and for what may be there once.
func (f *File) check(r *reader) {
	clients, users := map[string]bool{}, map[string]bool{}
	for _, c := range f.content.GetClients() {
		r.require(c, c.GetId(), "id")
		r.once(c, clients, "client", c.GetId())
	}
	for _, u := range f.content.GetUsers() {
		r.require(u, u.GetLogin(), "login")
		r.once(u, users, "user", u.GetLogin())
	}
	for _, s := range f.content.GetSecrets() {
		r.require(s, s.GetName(), "name")
	}
}

// Clients returns the clients, for [oauth.Config]. They have the scopes that the file
// gives them, or none.
func (f *File) Clients() []oauth.Client {
	var out []oauth.Client
	for _, c := range f.content.GetClients() {
		out = append(out, oauth.Client{
			ID: c.GetId(), Secret: c.GetSecret(), Scopes: c.GetScopes(), RedirectURIs: c.GetRedirectUris(),
			Grants: c.GetGrants(), AuthMethods: c.GetAuthMethods(),
		})
	}
	return out
}

// Accounts returns the users, for [oauth.Config].
func (f *File) Accounts() []oauth.Account {
	var out []oauth.Account
	for _, u := range f.content.GetUsers() {
		out = append(out, oauth.Account{
			Login: u.GetLogin(), Password: u.GetPassword(), Subject: u.GetSubject(), Claims: u.GetClaims().AsMap(),
		})
	}
	return out
}

// FirstProject returns the ID of the first project; empty without one.
func (f *File) FirstProject() string {
	if all := f.content.GetProjects(); len(all) > 0 {
		return all[0].GetId()
	}
	return ""
}

// Apply adds the projects, secrets, tasks and runs to b, in this order; clients and users are
// not its business. It ends with the first that b refuses: an *[Error] with its line.
func (f *File) Apply(ctx context.Context, b *backend.Backend) error { return f.apply(ctx, b, false) }

// ApplyMissing is [File.Apply] for a backend that may have been filled by the same file
// before, such as one with kept state: projects, secrets, tasks and runs that b has stay as
// they are. Timelines of tasks, which are not kept, are set again; a run without a name is
// a new one each time.
func (f *File) ApplyMissing(ctx context.Context, b *backend.Backend) error {
	return f.apply(ctx, b, true)
}

// apply leaves what b has as it is, or else replaces or refuses it.
func (f *File) apply(ctx context.Context, b *backend.Backend, missing bool) error {
	for _, p := range f.content.GetProjects() {
		if missing && b.HasProject(p.GetId()) {
			continue
		}
		if err := f.at(p, AddProject(b, p)); err != nil {
			return err
		}
	}
	for _, s := range f.content.GetSecrets() {
		if err := f.at(s, unlessPresent(missing, addSecret(ctx, b, s))); err != nil {
			return err
		}
	}
	for _, t := range f.content.GetTasks() {
		if err := f.at(t, addTask(b, t, missing)); err != nil {
			return err
		}
	}
	for _, r := range f.content.GetRuns() {
		_, err := AddRun(ctx, b, r)
		if err := f.at(r, unlessPresent(missing, err)); err != nil {
			return err
		}
	}
	return nil
}

// unlessPresent is the error, or nil if it says that what is missing only is there already.
func unlessPresent(missing bool, err error) error {
	if missing && status.Code(err) == codes.AlreadyExists {
		return nil
	}
	return err
}

// at gives a status its line.
func (f *File) at(m proto.Message, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Problems: []Problem{{Line: f.lines[m], Text: status.Convert(err).Message()}}, Err: err}
}

func addSecret(ctx context.Context, b *backend.Backend, s *mockpb.SeedSecret) error {
	return b.AddSecret(ctx, &secretpb.CreateSecretRequest{
		Id:         &secretpb.SecretIdentifier{Name: s.GetName(), Project: s.GetProject(), Domain: s.GetDomain()},
		SecretSpec: &secretpb.SecretSpec{Value: &secretpb.SecretSpec_StringValue{StringValue: s.GetValue()}},
	})
}

// randomName returns a name for a run that has none.
func randomName() string { return "r" + strings.ToLower(rand.Text())[:19] }
