package languages_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/front"
	"github.com/jetway-go/jetway/mockserver/mocktest"
	"github.com/jetway-go/jetway/mockserver/oauth"
	"github.com/jetway-go/jetway/mockserver/requests"
)

// way is how a client calls. Its fields are what the programs every.* read.
type way struct {
	BaseURL  string         `json:"baseUrl"`
	Token    string         `json:"token"`
	Protocol front.Protocol `json:"protocol"`
	HTTP     string         `json:"http"`
	Binary   bool           `json:"binary"`
	Gzip     bool           `json:"gzip"`
	Faults   bool           `json:"faults"`
}

func (w way) String() string {
	return fmt.Sprintf("%s over HTTP %s, binary %t, gzip %t", w.Protocol, w.HTTP, w.Binary, w.Gzip)
}

// ways are all combinations of protocol, version of HTTP and codec that exist.
func ways() []way {
	var all []way
	for _, binary := range []bool{true, false} {
		all = append(all, way{Protocol: front.GRPC, HTTP: "2", Binary: binary})
		for _, version := range []string{"1.1", "2"} {
			all = append(all,
				way{Protocol: front.GRPCWeb, HTTP: version, Binary: binary},
				way{Protocol: front.Connect, HTTP: version, Binary: binary})
		}
	}
	return all
}

const (
	getProject   = "/flyteidl2.project.ProjectService/GetProject"
	listProjects = "/flyteidl2.project.ProjectService/ListProjects"
	watchRuns    = "/flyteidl2.workflow.RunService/WatchRuns"
	watchGroups  = "/flyteidl2.workflow.RunService/WatchGroups"
)

func everyProtocol(t *testing.T, l language, ways []way) {
	t.Helper()
	for i, w := range ways {
		options := []mockserver.Option{mockserver.WithHTTPFront()}
		if i%2 == 1 {
			options = append(options, mockserver.WithTLS())
		}
		t.Run(w.String(), func(t *testing.T) {
			t.Parallel()
			callsEveryMethod(t, l, w, mocktest.New(t, options...))
			meetsFaults(t, l, w, mocktest.New(t, options...))
		})
	}
}

// results runs the client and returns how its calls ended: codes as Go spells them, in
// lower case.
func results(t *testing.T, l language, w way, server *mockserver.Server) map[string]string {
	t.Helper()
	token, err := server.Script().IssueToken(oauth.TokenSpec{ClientID: server.ClientID(), Scopes: []string{"all"}})
	if err != nil {
		t.Fatal(err)
	}
	w.BaseURL, w.Token = settingsFor(server).BaseURL, token.AccessToken
	stdout, stderr, err := l.start(t, w, trust(t, server)...)
	var got map[string]string
	if err != nil || json.Unmarshal([]byte(stdout), &got) != nil {
		t.Fatalf("%v\n%s%s", err, stdout, stderr)
	}
	for name, code := range got {
		code = strings.ToLower(strings.ReplaceAll(code, "_", ""))
		got[name] = strings.Replace(code, "cancelled", "canceled", 1)
	}
	return got
}

// callsEveryMethod compares what the client says of every method with what the server says.
func callsEveryMethod(t *testing.T, l language, w way, server *mockserver.Server) {
	t.Helper()
	got := results(t, l, w, server)
	logged := settled(t, server)
	for _, m := range methods() {
		name := fmt.Sprintf("/%s/%s", m.Parent().FullName(), m.Name())
		calls := slices.DeleteFunc(slices.Clone(logged), func(r requests.Request) bool { return r.Method != name })
		if len(calls) != 1 || calls[0].Protocol != w.Protocol {
			t.Errorf("%s: the server has seen %+v; the client says %q", name, calls, got[name])
			continue
		}
		code := strings.ToLower(calls[0].Code.String())
		left := m.IsStreamingServer() && got[name] == "ok" && calls[0].Code == codes.Canceled // after its first message
		if got[name] != code && !left {
			t.Errorf("%s: the client says %q, the server %q", name, got[name], code)
		}
		if calls[0].Code == codes.Unauthenticated || calls[0].Code == codes.Unknown {
			t.Errorf("%s ended with %v", name, calls[0].Code)
		}
	}
}

// methods are those of Flyte 2, which clients are generated for.
func methods() (all []protoreflect.MethodDescriptor) {
	protoregistry.GlobalFiles.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		if !strings.HasPrefix(string(f.Package()), "flyteidl2.") {
			return true
		}
		for i := range f.Services().Len() {
			for j := range f.Services().Get(i).Methods().Len() {
				all = append(all, f.Services().Get(i).Methods().Get(j))
			}
		}
		return true
	})
	return all
}

// settled returns the requests when the last one has ended on the server, which may notice
// later than the client.
func settled(t *testing.T, server *mockserver.Server) []requests.Request {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		all := server.Requests()
		open := slices.IndexFunc(all, func(r requests.Request) bool { return !r.Done })
		if open < 0 {
			return all
		}
		if time.Now().After(deadline) {
			t.Errorf("%s is still open", all[open].Method)
			return all
		}
	}
}

// meetsFaults lets a deadline pass, a stream be cancelled, and a token be revoked in the
// middle of a call and of a stream.
func meetsFaults(t *testing.T, l language, w way, server *mockserver.Server) {
	t.Helper()
	server.Script().Delay(getProject, time.Minute)
	call, stream := server.Script().Hold(listProjects), server.Script().Hold(watchGroups)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	defer func() { stop(); <-ended }()
	go func() {
		defer close(ended)
		for _, hold := range []*mockserver.Hold{call, stream} {
			select {
			case <-hold.Arrived():
			case <-ctx.Done():
				return
			}
		}
		server.Script().RevokeTokens()
		call.Release()
		stream.Release()
	}()
	w.Faults = true
	got := results(t, l, w, server)
	for name, want := range map[string]codes.Code{
		"deadline": codes.DeadlineExceeded, "cancellation": codes.Canceled,
		"revoked": codes.Unauthenticated, "stream revoked": codes.Unauthenticated,
	} {
		if got[name] != strings.ToLower(want.String()) {
			t.Errorf("%s: the client says %q, want %v", name, got[name], want)
		}
	}
	for _, r := range settled(t, server) {
		ends := map[string][]codes.Code{
			getProject: {codes.DeadlineExceeded, codes.Canceled}, // of the two deadlines the client's may be the first
			watchRuns:  {codes.Canceled}, listProjects: {codes.Unauthenticated}, watchGroups: {codes.Unauthenticated},
		}
		if r.Kind == requests.KindGRPC && (!slices.Contains(ends[r.Method], r.Code) || r.Protocol != w.Protocol) {
			t.Errorf("the server has seen %+v", r)
		}
	}
}
