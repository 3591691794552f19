package control_test

import (
	"context"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	mockpb "github.com/jetway-go/jetway/gen/jetway/mock/v1"
	"github.com/jetway-go/jetway/mockserver"
)

func contains(text, part string) bool { return strings.Contains(text, part) }

func (f fixture) requests(t *testing.T, req *mockpb.ListRequestsRequest) *mockpb.ListRequestsResponse {
	t.Helper()
	return ok[*mockpb.ListRequestsResponse](t)(f.control.ListRequests(with(t), req))
}

func TestListRequestsReportsWhatTheServerReceived(t *testing.T) {
	t.Parallel()
	f := start(t, mockserver.WithHTTPFront())
	token := ok[*mockpb.IssueTokenResponse](t)(f.control.IssueToken(with(t), &mockpb.IssueTokenRequest{Scopes: []string{"all"}}))
	before := f.server.Now()
	wantCode(t, f.list(bearer(short(t), token.GetAccessToken())), codes.OK)
	wantCode(t, f.list(short(t)), codes.Unauthenticated)
	f.askToken(t, "scope", "all")
	ok[*mockpb.AnswerCallsResponse](t)(f.control.AnswerCalls(with(t), &mockpb.AnswerCallsRequest{Answer: &mockpb.HTTPAnswer{Status: 502}}))
	wantCode(t, f.list(short(t)), codes.Unavailable)

	all := f.requests(t, &mockpb.ListRequestsRequest{})
	rs := all.GetRequests()
	if len(rs) != 4 || all.GetTokenRequests() != 1 || all.GetOmitted() != 0 {
		t.Fatalf("it reports %v", all)
	}
	for i, r := range rs {
		if at := r.GetTime().AsTime(); r.GetNumber() != uint64(i+1) || at.Before(before) || at.After(f.server.Now()) || !r.GetDone() {
			t.Errorf("request %d: %v", i, r)
		}
	}
	if r := rs[0]; r.GetKind() != mockpb.Kind_KIND_CALL || r.GetMethod() != listProjects || r.GetProtocol() != "grpc" ||
		r.GetTokenId() != token.GetTokenId() || r.GetCode() != mockpb.Code_CODE_OK || len(r.GetMetadata()["user-agent"].GetValues()) != 1 {
		t.Errorf("a call: %v", r)
	}
	if r := rs[1]; r.GetTokenId() != "" || r.GetCode() != mockpb.Code_CODE_UNAUTHENTICATED {
		t.Errorf("a call without a token: %v", r)
	}
	if r := rs[2]; r.GetKind() != mockpb.Kind_KIND_TOKEN || r.GetMethod() != "POST /oauth2/token" || r.GetProtocol() != "" ||
		r.GetHttpStatus() != 200 || r.GetForm()["grant_type"].GetValues()[0] != "client_credentials" {
		t.Errorf("a request for a token: %v", r)
	}
	if r := rs[3]; r.GetHttpStatus() != 502 || r.GetCode() != mockpb.Code_CODE_UNKNOWN {
		t.Errorf("a call that was answered with HTTP: %v", r)
	}
	if text := all.String(); strings.Contains(text, token.GetAccessToken()) || strings.Contains(text, f.server.ClientSecret()) {
		t.Error("it reports a secret")
	}

	for name, tt := range map[string]struct {
		req     *mockpb.ListRequestsRequest
		numbers []uint64
		omitted uint32
	}{
		"of a method":  {&mockpb.ListRequestsRequest{Method: listProjects}, []uint64{1, 2, 4}, 0},
		"of a service": {&mockpb.ListRequestsRequest{Method: "/flyteidl2.project.ProjectService/*", After: 1}, []uint64{2, 4}, 0},
		"of a kind":    {&mockpb.ListRequestsRequest{Kind: mockpb.Kind_KIND_TOKEN}, []uint64{3}, 0},
		"the latest":   {&mockpb.ListRequestsRequest{Method: listProjects, Limit: 2}, []uint64{2, 4}, 1},
		"of another":   {&mockpb.ListRequestsRequest{Method: watchRuns}, nil, 0},
	} {
		got := f.requests(t, tt.req)
		var numbers []uint64
		for _, r := range got.GetRequests() {
			numbers = append(numbers, r.GetNumber())
		}
		if len(numbers) != len(tt.numbers) || got.GetOmitted() != tt.omitted {
			t.Errorf("%s: %v, %d omitted", name, numbers, got.GetOmitted())
			continue
		}
		for i := range numbers {
			if numbers[i] != tt.numbers[i] {
				t.Errorf("%s: %v", name, numbers)
			}
		}
	}
	ok[*mockpb.ResetRequestsResponse](t)(f.control.ResetRequests(with(t), &mockpb.ResetRequestsRequest{}))
	if left := f.requests(t, &mockpb.ListRequestsRequest{}); len(left.GetRequests()) != 0 || left.GetTokenRequests() != 0 {
		t.Errorf("after a reset: %v", left)
	}
}

// A request is sent when it arrives and when it is answered, without a gap between those
// that the server had and those that come.
func TestWatchRequestsFollows(t *testing.T) {
	t.Parallel()
	f := start(t)
	ctx := f.login(t)
	wantCode(t, f.list(ctx), codes.OK)
	watching, cancel := context.WithCancel(with(t))
	defer cancel()
	stream, err := f.control.WatchRequests(watching, &mockpb.WatchRequestsRequest{Method: listProjects})
	if err != nil {
		t.Fatal(err)
	}
	next := func() *mockpb.Request {
		t.Helper()
		resp, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		return resp.GetRequest()
	}
	if r := next(); r.GetNumber() != 1 || !r.GetDone() {
		t.Errorf("what was there: %v", r)
	}
	hold := ok[*mockpb.HoldCallResponse](t)(f.control.HoldCall(with(t), &mockpb.HoldCallRequest{Method: listProjects})).GetHold()
	ended := make(chan error, 1)
	go func() { ended <- f.list(ctx) }()
	if r := next(); r.GetNumber() != 2 || r.GetDone() {
		t.Errorf("a call that waits: %v", r)
	}
	ok[*mockpb.ReleaseCallResponse](t)(f.control.ReleaseCall(with(t), &mockpb.ReleaseCallRequest{Hold: hold}))
	wantCode(t, <-ended, codes.OK)
	if r := next(); r.GetNumber() != 2 || !r.GetDone() || r.GetCode() != mockpb.Code_CODE_OK {
		t.Errorf("the same call, answered: %v", r)
	}
	cancel()
	_, err = stream.Recv()
	wantCode(t, err, codes.Canceled)
}

func TestWatchRequestsEndsWhenTheServerCloses(t *testing.T) {
	t.Parallel()
	f := start(t)
	stream, err := f.control.WatchRequests(with(t), &mockpb.WatchRequestsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Header(); err != nil {
		t.Fatal(err)
	}
	if err := f.server.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err == nil {
		t.Error("it goes on")
	}
}
