package control_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	mockpb "github.com/jetway-go/jetway/gen/jetway/mock/v1"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/control"
)

func TestRejectCallsRejectsValidTokens(t *testing.T) {
	t.Parallel()
	f := start(t)
	ctx := f.login(t)
	ok[*mockpb.RejectCallsResponse](t)(f.control.RejectCalls(with(t), &mockpb.RejectCallsRequest{}))
	wantCode(t, f.list(ctx), codes.Unauthenticated)
	wantCode(t, f.list(ctx), codes.OK)
	ok[*mockpb.RejectCallsResponse](t)(f.control.RejectCalls(with(t), &mockpb.RejectCallsRequest{Count: 2}))
	wantCode(t, f.list(ctx), codes.Unauthenticated)
	wantCode(t, f.list(ctx), codes.Unauthenticated)
	wantCode(t, f.list(ctx), codes.OK)
}

func TestFailCallsFailsTheNextCalls(t *testing.T) {
	t.Parallel()
	f := start(t)
	ctx := f.login(t)
	ok[*mockpb.FailCallsResponse](t)(f.control.FailCalls(with(t), &mockpb.FailCallsRequest{
		Method: listProjects, Count: 2, Code: mockpb.Code_CODE_RESOURCE_EXHAUSTED, Message: "enough",
	}))
	for range 2 {
		err := f.list(ctx)
		wantCode(t, err, codes.ResourceExhausted)
		if got := status.Convert(err).Message(); got != "enough" {
			t.Errorf("message %q", got)
		}
	}
	wantCode(t, f.list(ctx), codes.OK)
}

func TestFailCallsFailsEverySoManyUntilAReset(t *testing.T) {
	t.Parallel()
	f := start(t)
	ctx := f.login(t)
	ok[*mockpb.FailCallsResponse](t)(f.control.FailCalls(with(t), &mockpb.FailCallsRequest{Every: 3, Code: mockpb.Code_CODE_UNAVAILABLE}))
	for i := range 9 {
		want := codes.OK
		if i%3 == 2 {
			want = codes.Unavailable
		}
		wantCode(t, f.list(ctx), want)
	}
	ok[*mockpb.ResetResponse](t)(f.control.Reset(with(t), &mockpb.ResetRequest{}))
	for range 3 {
		wantCode(t, f.list(ctx), codes.OK)
	}
	_, err := f.control.FailCalls(with(t), &mockpb.FailCallsRequest{Count: 1, Every: 3, Code: mockpb.Code_CODE_UNAVAILABLE})
	wantRefusal(t, err, codes.InvalidArgument, control.ReasonBadValue, "one of them")
}

// The proto has the numbers of gRPC.
func TestCodesAreThoseOfGRPC(t *testing.T) {
	t.Parallel()
	for number, name := range mockpb.Code_name {
		var c codes.Code
		if err := c.UnmarshalJSON([]byte(`"` + strings.TrimPrefix(name, "CODE_") + `"`)); err != nil || c != codes.Code(uint32(number)) {
			t.Errorf("%s is %d, in gRPC %d (%v)", name, number, c, err)
		}
	}
	if want := int(codes.Unauthenticated) + 1; len(mockpb.Code_name) != want {
		t.Errorf("%d codes, gRPC has %d", len(mockpb.Code_name), want)
	}
}

func TestDelayCallsDelaysUntilItIsStopped(t *testing.T) {
	t.Parallel()
	f := start(t)
	ctx := f.login(t)
	ok[*mockpb.DelayCallsResponse](t)(f.control.DelayCalls(with(t), &mockpb.DelayCallsRequest{Method: listProjects, Delay: durationpb.New(time.Hour)}))
	hurried, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	wantCode(t, f.list(hurried), codes.DeadlineExceeded)
	ok[*mockpb.DelayCallsResponse](t)(f.control.DelayCalls(with(t), &mockpb.DelayCallsRequest{Method: listProjects}))
	wantCode(t, f.list(ctx), codes.OK)
}

func TestBreakStreamEndsTheNextStream(t *testing.T) {
	t.Parallel()
	f := start(t)
	ok[*mockpb.BreakStreamResponse](t)(f.control.BreakStream(with(t), &mockpb.BreakStreamRequest{
		Method: watchRuns, After: 1, Code: mockpb.Code_CODE_UNAVAILABLE, Message: "cut",
	}))
	ok[*mockpb.AddRunResponse](t)(f.control.AddRun(with(t), &mockpb.AddRunRequest{Project: "demo", Name: "one"}))
	stream, err := f.watch(f.login(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	_, err = stream.Recv()
	wantCode(t, err, codes.Unavailable)
	if got := status.Convert(err).Message(); got != "cut" {
		t.Errorf("message %q", got)
	}
}

func TestAHeldCallWaitsUntilItIsReleased(t *testing.T) {
	t.Parallel()
	f := start(t)
	ctx := f.login(t)
	hold := ok[*mockpb.HoldCallResponse](t)(f.control.HoldCall(with(t), &mockpb.HoldCallRequest{Method: listProjects})).GetHold()
	ended := make(chan error, 1)
	go func() { ended <- f.list(ctx) }()
	ok[*mockpb.AwaitCallResponse](t)(f.control.AwaitCall(with(t), &mockpb.AwaitCallRequest{Hold: hold}))
	select {
	case err := <-ended:
		t.Fatalf("it did not wait: %v", err)
	default:
	}
	// What a script of Go does with this: the token is revoked while the call waits.
	ok[*mockpb.RevokeTokensResponse](t)(f.control.RevokeTokens(with(t), &mockpb.RevokeTokensRequest{}))
	ok[*mockpb.ReleaseCallResponse](t)(f.control.ReleaseCall(with(t), &mockpb.ReleaseCallRequest{Hold: hold}))
	wantCode(t, <-ended, codes.Unauthenticated)
	ok[*mockpb.ReleaseCallResponse](t)(f.control.ReleaseCall(with(t), &mockpb.ReleaseCallRequest{Hold: hold}))
	wantCode(t, f.list(f.login(t)), codes.OK)
}

func TestAwaitCallEndsWithItsCallerOrWithAReset(t *testing.T) {
	t.Parallel()
	f := start(t)
	hold := ok[*mockpb.HoldCallResponse](t)(f.control.HoldCall(with(t), &mockpb.HoldCallRequest{Method: listProjects})).GetHold()
	hurried, cancel := context.WithTimeout(with(t), 20*time.Millisecond)
	defer cancel()
	_, err := f.control.AwaitCall(hurried, &mockpb.AwaitCallRequest{Hold: hold})
	wantCode(t, err, codes.DeadlineExceeded)

	ended := make(chan error, 1)
	go func() {
		_, err := f.control.AwaitCall(with(t), &mockpb.AwaitCallRequest{Hold: hold})
		ended <- err
	}()
	// If the reset comes first, the hold is unknown already.
	ok[*mockpb.ResetResponse](t)(f.control.Reset(with(t), &mockpb.ResetRequest{}))
	if got := status.Code(<-ended); got != codes.Aborted && got != codes.NotFound {
		t.Errorf("after a reset: %v", got)
	}
	_, err = f.control.ReleaseCall(with(t), &mockpb.ReleaseCallRequest{Hold: hold})
	wantRefusal(t, err, codes.NotFound, control.ReasonUnknownHold, "HoldCall")
	wantCode(t, f.list(f.login(t)), codes.OK)
}

func TestAnswersOfAProxyNeedTheFront(t *testing.T) {
	t.Parallel()
	f := start(t)
	_, calls := f.control.AnswerCalls(with(t), &mockpb.AnswerCallsRequest{Method: listProjects})
	_, rejections := f.control.AnswerRejections(with(t), &mockpb.AnswerRejectionsRequest{Answer: &mockpb.HTTPAnswer{}})
	for _, err := range []error{calls, rejections} {
		wantRefusal(t, err, codes.FailedPrecondition, control.ReasonNoHTTPFront, "--http-front")
	}
}

func TestAnswerCallsAnswersAsAProxy(t *testing.T) {
	t.Parallel()
	f := start(t, mockserver.WithHTTPFront())
	ctx := f.login(t)
	ok[*mockpb.AnswerCallsResponse](t)(f.control.AnswerCalls(with(t), &mockpb.AnswerCallsRequest{
		Method: listProjects, Answer: &mockpb.HTTPAnswer{Status: 503, Body: "<html>later</html>"},
	}))
	err := f.list(ctx)
	if wantCode(t, err, codes.Unavailable); !strings.Contains(err.Error(), "503") {
		t.Errorf("the answer: %v", err)
	}
	wantCode(t, f.list(ctx), codes.OK)
}

func TestAnswerRejectionsAnswersCallsWithoutAToken(t *testing.T) {
	t.Parallel()
	f := start(t, mockserver.WithHTTPFront())
	ok[*mockpb.AnswerRejectionsResponse](t)(f.control.AnswerRejections(with(t), &mockpb.AnswerRejectionsRequest{
		Answer: &mockpb.HTTPAnswer{Status: 302, Location: "https://login.example/"},
	}))
	err := f.list(short(t))
	if wantCode(t, err, codes.Unknown); !strings.Contains(err.Error(), "302") {
		t.Errorf("the answer: %v", err)
	}
	wantCode(t, f.list(f.login(t)), codes.OK)
	ok[*mockpb.AnswerRejectionsResponse](t)(f.control.AnswerRejections(with(t), &mockpb.AnswerRejectionsRequest{}))
	wantCode(t, f.list(short(t)), codes.Unauthenticated)
}

func TestSetProxyTokenPutsAProxyInFront(t *testing.T) {
	t.Parallel()
	f := start(t)
	ctx := f.login(t)
	ok[*mockpb.SetProxyTokenResponse](t)(f.control.SetProxyToken(with(t), &mockpb.SetProxyTokenRequest{Token: "canary-of-the-proxy"}))
	if err := f.list(ctx); status.Code(err) != codes.Unknown || !strings.Contains(err.Error(), "407") {
		t.Errorf("with a proxy: %v", err)
	}
	ok[*mockpb.SetProxyTokenResponse](t)(f.control.SetProxyToken(with(t), &mockpb.SetProxyTokenRequest{}))
	wantCode(t, f.list(ctx), codes.OK)
}

func TestSetWatchesEndsWatchesBeforeTheDeadline(t *testing.T) {
	t.Parallel()
	f := start(t)
	ok[*mockpb.SetWatchesResponse](t)(f.control.SetWatches(with(t), &mockpb.SetWatchesRequest{EndAtDeadline: true}))
	login := f.login(t)
	var err error
	for limit := 500 * time.Millisecond; limit < 20*time.Second && !errors.Is(err, io.EOF); limit *= 2 { // "before" is short on a busy machine
		hurried, cancel := context.WithTimeout(login, limit)
		var stream grpc.ServerStreamingClient[workflowpb.WatchRunsResponse]
		for stream, err = f.watch(hurried); err == nil; {
			_, err = stream.Recv()
		}
		cancel()
	}
	if !errors.Is(err, io.EOF) {
		t.Errorf("it ended with %v, want the end of the stream", err)
	}
}

func TestSetWatchesDropsUpdates(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.server.Backend().SetStatusLag(0)
	ok[*mockpb.SetTimelineResponse](t)(f.control.SetTimeline(with(t), &mockpb.SetTimelineRequest{Timeline: []*mockpb.Step{
		{Manual: true, Phase: running}, {Manual: true, Phase: succeeded},
	}}))
	name := ok[*mockpb.AddRunResponse](t)(f.control.AddRun(with(t), &mockpb.AddRunRequest{Project: "demo"})).GetName()
	stream, err := f.watch(f.login(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	ok[*mockpb.SetWatchesResponse](t)(f.control.SetWatches(with(t), &mockpb.SetWatchesRequest{DropUpdates: 1}))
	f.advance(t, name, running)
	f.advance(t, name, succeeded)
	update, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	if got := update.GetRuns()[0].GetAction().GetStatus().GetPhase(); got != succeeded {
		t.Errorf("the update that was dropped arrived: %v", got)
	}
}

func TestMistakesInFaultsAreRefusedWithAHint(t *testing.T) {
	t.Parallel()
	f := start(t, mockserver.WithHTTPFront())
	c := f.control
	_, fail := c.FailCalls(with(t), &mockpb.FailCallsRequest{Method: "ListProject", Code: mockpb.Code_CODE_ABORTED})
	_, delay := c.DelayCalls(with(t), &mockpb.DelayCallsRequest{Method: "/no.Service/*"})
	_, cut := c.BreakStream(with(t), &mockpb.BreakStreamRequest{Method: "/no/Method"})
	_, hold := c.HoldCall(with(t), &mockpb.HoldCallRequest{Method: "/no/Method"})
	_, answer := c.AnswerCalls(with(t), &mockpb.AnswerCallsRequest{Method: "/no/Method"})
	for _, err := range []error{fail, delay, cut, hold, answer} {
		wantRefusal(t, err, codes.InvalidArgument, control.ReasonUnknownMethod, "did you mean")
	}
	_, noFailure := c.FailCalls(with(t), &mockpb.FailCallsRequest{Method: listProjects})
	wantRefusal(t, noFailure, codes.InvalidArgument, control.ReasonBadValue, "CODE_UNAVAILABLE")
	_, noCode := c.FailCalls(with(t), &mockpb.FailCallsRequest{Method: listProjects, Code: 99})
	wantRefusal(t, noCode, codes.InvalidArgument, control.ReasonBadValue, "99")
	_, noCut := c.BreakStream(with(t), &mockpb.BreakStreamRequest{Method: listProjects, Code: -1})
	wantRefusal(t, noCut, codes.InvalidArgument, control.ReasonBadValue, "-1")
	_, noStatus := c.AnswerRejections(with(t), &mockpb.AnswerRejectionsRequest{Answer: &mockpb.HTTPAnswer{Status: 42}})
	wantRefusal(t, noStatus, codes.InvalidArgument, control.ReasonBadValue, "200 to 599")
	_, noDelay := c.DelayCalls(with(t), &mockpb.DelayCallsRequest{Delay: durationpb.New(-time.Second)})
	wantRefusal(t, noDelay, codes.InvalidArgument, control.ReasonBadValue, "-1s is negative")
	_, noDuration := c.DelayCalls(with(t), &mockpb.DelayCallsRequest{Delay: &durationpb.Duration{Seconds: 1, Nanos: -1}})
	wantRefusal(t, noDuration, codes.InvalidArgument, control.ReasonBadValue, "delay: ")
	_, notSlow := c.SetEndpoint(with(t), &mockpb.SetEndpointRequest{Endpoint: mockpb.Endpoint_ENDPOINT_TOKEN, Slow: durationpb.New(-time.Second)})
	wantRefusal(t, notSlow, codes.InvalidArgument, control.ReasonBadValue, "slow: -1s is negative")
	wantCode(t, f.list(f.login(t)), codes.OK)
}

func TestHoldsAreLimited(t *testing.T) {
	t.Parallel()
	f := start(t)
	ctx := with(t)
	var err error
	for i := 0; i <= 1<<9 && err == nil; i++ {
		_, err = f.control.HoldCall(ctx, &mockpb.HoldCallRequest{Method: listProjects})
	}
	wantCode(t, err, codes.ResourceExhausted)
	ok[*mockpb.ResetResponse](t)(f.control.Reset(ctx, &mockpb.ResetRequest{}))
	ok[*mockpb.HoldCallResponse](t)(f.control.HoldCall(ctx, &mockpb.HoldCallRequest{Method: listProjects}))
}

func TestResetStopsEveryFault(t *testing.T) {
	t.Parallel()
	f := start(t, mockserver.WithHTTPFront())
	ctx, c := f.login(t), f.control
	ok[*mockpb.FailCallsResponse](t)(c.FailCalls(with(t), &mockpb.FailCallsRequest{Count: 100, Code: mockpb.Code_CODE_ABORTED}))
	ok[*mockpb.AnswerCallsResponse](t)(c.AnswerCalls(with(t), &mockpb.AnswerCallsRequest{Count: 100}))
	ok[*mockpb.DelayCallsResponse](t)(c.DelayCalls(with(t), &mockpb.DelayCallsRequest{Delay: durationpb.New(time.Hour)}))
	ok[*mockpb.SetClockResponse](t)(c.SetClock(with(t), &mockpb.SetClockRequest{Offset: durationpb.New(30 * 24 * time.Hour)}))
	ok[*mockpb.SetEndpointResponse](t)(c.SetEndpoint(with(t), &mockpb.SetEndpointRequest{Endpoint: mockpb.Endpoint_ENDPOINT_TOKEN, Down: true}))
	ok[*mockpb.ResetResponse](t)(c.Reset(with(t), &mockpb.ResetRequest{}))
	wantCode(t, f.list(ctx), codes.OK)
	if status, _ := f.askToken(t); status != 200 {
		t.Errorf("the token endpoint answers %d", status)
	}
}
