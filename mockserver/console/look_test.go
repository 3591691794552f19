package console

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// What one look of a page costs when all the requests that it shows are new; a page looks
// every 400 ms.
func BenchmarkLook(b *testing.B) {
	s, err := mockserver.New()
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	c, err := Attach(s)
	if err != nil {
		b.Fatal(err)
	}
	token, err := s.Script().IssueToken(oauth.TokenSpec{Scopes: []string{"all"}})
	if err != nil {
		b.Fatal(err)
	}
	conn, err := grpc.NewClient(s.Endpoint(), grpc.WithTransportCredentials(s.TransportCredentials()))
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	ctx := metadata.AppendToOutgoingContext(context.Background(), "authorization", "Bearer "+token.AccessToken)
	for range knownRequests {
		if _, err := projectpb.NewProjectServiceClient(conn).ListProjects(ctx, &projectpb.ListProjectsRequest{}); err != nil {
			b.Fatal(err)
		}
	}
	l := newLook(c, selection{}, 0)
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		l.after, l.seen.Requests = 1, 0
		if now = now.Add(pace); len(l.messages(now)) == 0 {
			b.Fatal("nothing is new")
		}
	}
}
