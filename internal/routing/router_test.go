package routing

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	clusterpb "github.com/jetway-go/jetway/gen/flyteidl2/cluster"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
)

const (
	blue  = "blue.example.com"
	green = "green.example.com"
)

func TestOneConnectionServesAllResourcesOfACluster(t *testing.T) {
	t.Parallel()
	w := newWorld(t, blue)
	spelled := []string{"https://blue.example.com", "BLUE.example.com:443", "https://blue.example.com.", "dns:///blue.example.com"}
	w.answers(func(_ context.Context, req *clusterpb.SelectClusterRequest) (string, error) {
		return spelled[len(req.GetActionId().GetName())%len(spelled)], nil
	})
	for action := range 1000 {
		w.mustCall(t, action)
		w.mustCall(t, action)
	}
	if n := w.questions(); n != 1000 {
		t.Errorf("%d questions, want 1000: one for each resource", n)
	}
	if n := w.cluster(blue).count(); n != 2000 || len(w.clusters) != 1 {
		t.Errorf("%d calls on %d connections, want 2000 on one", n, len(w.clusters))
	}
}

func TestCallersOfOneResourceAskOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, blue)
		w.answers(func(context.Context, *clusterpb.SelectClusterRequest) (string, error) {
			time.Sleep(time.Second)
			return blue, nil
		})
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() { w.mustCall(t, 0) })
		}
		all.Wait()
		if n := w.questions(); n != 1 {
			t.Errorf("%d questions, want 1", n)
		}
		if n := w.cluster(blue).count(); n != 100 {
			t.Errorf("%d calls, want 100", n)
		}
	})
}

func TestACallerThatGivesUpLeavesTheQuestionToTheNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, blue)
		w.answers(func(ctx context.Context, _ *clusterpb.SelectClusterRequest) (string, error) {
			select {
			case <-time.After(time.Minute):
				return blue, nil
			case <-ctx.Done():
				return "", status.FromContextError(ctx.Err()).Err()
			}
		})
		hasty, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var all sync.WaitGroup
		for range 2 {
			all.Go(func() {
				if err := w.call(hasty, 0); status.Code(err) != codes.DeadlineExceeded {
					t.Errorf("%v, want DeadlineExceeded", err)
				}
			})
		}
		synctest.Wait()
		all.Go(func() { w.mustCall(t, 0) })
		all.Wait()
		if n := w.cluster(blue).count(); n != 1 {
			t.Errorf("%d calls, want 1", n)
		}
	})
}

// One user of a service may not see what another one may.
func TestARefusalOfOneCallerIsNotThatOfAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		type user struct{}
		w := newWorld(t, blue)
		w.answers(func(ctx context.Context, _ *clusterpb.SelectClusterRequest) (string, error) {
			time.Sleep(time.Second)
			if ctx.Value(user{}) == "eve" {
				return "", status.Error(codes.PermissionDenied, "not eve")
			}
			return blue, nil
		})
		var all sync.WaitGroup
		all.Go(func() {
			if err := w.call(context.WithValue(t.Context(), user{}, "eve"), 0); status.Code(err) != codes.PermissionDenied {
				t.Errorf("%v, want PermissionDenied", err)
			}
		})
		synctest.Wait()
		for range 3 {
			all.Go(func() { w.mustCall(t, 0) })
		}
		all.Wait()
	})
}

func TestABackendWithoutClustersIsAskedEveryFiveMinutes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, blue)
		w.fails(codes.Unimplemented)
		for action := range 10 {
			w.mustCall(t, action)
		}
		if n := w.questions(); n != 1 || w.home.count() != 10 {
			t.Errorf("%d questions and %d calls, want 1 and 10", n, w.home.count())
		}
		w.names(blue) // the backend is upgraded
		time.Sleep(keepUnserved)
		w.mustCall(t, 0)
		if n := w.cluster(blue).count(); n != 1 {
			t.Errorf("%d calls on the cluster, want 1", n)
		}
	})
}

// The caller then sends the inputs with the trigger.
func TestUnimplementedForTriggersIsTheAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, blue)
	w.fails(codes.Unimplemented)
	req := &dataproxypb.UploadInputsRequest{Id: &dataproxypb.UploadInputsRequest_ProjectId{
		ProjectId: &commonpb.ProjectIdentifier{Domain: "d", Name: "p"},
	}}
	ctx := WithOperation(t.Context(), clusterpb.SelectClusterRequest_OPERATION_UPLOAD_TRIGGER)
	for range 2 {
		if err := w.Invoke(ctx, dataproxypb.DataProxyService_UploadInputs_FullMethodName, req, nil); status.Code(err) != codes.Unimplemented {
			t.Errorf("%v, want Unimplemented", err)
		}
	}
	if n := w.home.count(); n != 0 {
		t.Errorf("%d calls on the backend, want none", n)
	}
	w.mustCall(t, 0)
}

func TestWhatTheBackendRefusesIsTheCallsError(t *testing.T) {
	t.Parallel()
	w := newWorld(t, blue)
	w.fails(codes.NotFound)
	var finished []error
	for range 2 {
		err := w.call(t.Context(), 0, grpc.OnFinish(func(err error) { finished = append(finished, err) }))
		if status.Code(err) != codes.NotFound {
			t.Errorf("%v, want NotFound", err)
		}
	}
	if n := w.questions(); n != 2 || len(finished) != 2 || finished[0] == nil {
		t.Errorf("%d questions, want 2: a failure is not remembered; callbacks %v", n, finished)
	}
	if n := w.home.count(); n != 0 {
		t.Errorf("%d calls on the backend, want none", n)
	}
}

func TestWhileTheBackendCannotBeAskedTheAnswerBeforeCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, blue)
		w.mustCall(t, 0)
		time.Sleep(keepFor)
		w.fails(codes.Unavailable)
		w.mustCall(t, 0) // known before
		w.mustCall(t, 1) // not known
		w.mustCall(t, 1)
		if cluster, home := w.cluster(blue).count(), w.home.count(); cluster != 2 || home != 2 {
			t.Errorf("%d calls on the cluster and %d on the backend, want 2 and 2", cluster, home)
		}
		w.names(blue)
		time.Sleep(keepUnanswered)
		w.mustCall(t, 1)
		if n := w.cluster(blue).count(); n != 3 {
			t.Errorf("%d calls on the cluster, want 3", n)
		}
	})
}

func TestAnAnswerIsUsedForFiveMinutes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, blue)
		w.mustCall(t, 0)
		w.names(green)
		time.Sleep(keepFor - 1)
		w.mustCall(t, 0)
		if n := w.cluster(blue).count(); n != 2 {
			t.Errorf("%d calls on the first cluster, want 2", n)
		}
		time.Sleep(time.Nanosecond)
		w.mustCall(t, 0)
		if n := w.cluster(green).count(); n != 1 {
			t.Errorf("%d calls on the second cluster, want 1", n)
		}
	})
}

func TestMemoryIsBoundedWhateverTheBackendAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	w.answers(func(_ context.Context, req *clusterpb.SelectClusterRequest) (string, error) {
		return "c" + req.GetActionId().GetName() + ".example.com", nil
	})
	for action := range 3 * maxRoutes {
		w.mustCall(t, action)
	}
	if n := len(w.routes.newer) + len(w.routes.older); n > maxRoutes {
		t.Errorf("%d routes are remembered, want at most %d", n, maxRoutes)
	}
	if n := len(w.clusters); n != maxConns {
		t.Errorf("%d connections, want %d", n, maxConns)
	}
	if n := strings.Count(w.log.String(), "level=WARN"); n > maxConns {
		t.Errorf("%d warnings, want at most %d", n, maxConns)
	}
}

func TestRoutesInUseAreNotForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t, blue)
	w.mustCall(t, 0)
	for action := range 3 * maxRoutes {
		w.mustCall(t, 1+action)
		w.mustCall(t, 0)
	}
	if n := w.questions(); n != 1+3*maxRoutes {
		t.Errorf("%d questions, want %d: one for each resource", n, 1+3*maxRoutes)
	}
}

func TestARefusedClusterIsWarnedOfOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "https://user:hunter2@dp.example.net")
	w.mustCall(t, 0)
	w.names("https://dp.example.net")
	for action := range 10 {
		w.mustCall(t, action)
	}
	if n := w.home.count(); n != 11 || len(w.clusters) != 0 {
		t.Errorf("%d calls on the backend, %d clusters, want 11 and none", n, len(w.clusters))
	}
	log := w.log.String()
	if strings.Count(log, "cluster=dp.example.net:443") != 1 || !strings.Contains(log, "WithClusterHosts") {
		t.Errorf("want one warning of the host with what to do:\n%s", log)
	}
	if strings.Contains(log, "hunter2") {
		t.Errorf("a password in the log:\n%s", log)
	}
}

func TestAConnectionThatCannotBeMadeIsTheCallsError(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "broken.example.com")
	if err := w.call(t.Context(), 0); err == nil || !strings.Contains(err.Error(), "no way there") {
		t.Errorf("%v, want the dialler's error", err)
	}
}

func TestAClusterThatMovedIsFound(t *testing.T) {
	t.Parallel()
	const other = dataproxypb.DataProxyService_CreateUploadLocation_FullMethodName
	upload := &dataproxypb.CreateUploadLocationRequest{Project: "p", Domain: "d"}
	for _, tt := range []struct {
		code           codes.Code
		method         string
		age            time.Duration
		opts           []grpc.CallOption
		repeated, next bool // this call, the next call
	}{
		{codes.NotFound, getActionData, trustFor, nil, true, true},
		{codes.NotFound, other, trustFor, nil, true, true},
		{codes.Unimplemented, other, trustFor, nil, true, true},
		{codes.FailedPrecondition, other, trustFor, nil, true, true},
		{codes.Unavailable, getActionData, trustFor, nil, true, true},
		{codes.Unavailable, other, trustFor, nil, false, true}, // it may have been carried out
		{codes.DeadlineExceeded, other, trustFor, nil, false, true},
		{codes.NotFound, getActionData, trustFor, []grpc.CallOption{grpc.OnFinish(func(error) {})}, false, true},
		{codes.NotFound, getActionData, trustFor - 1, nil, false, false}, // as good as any
		{codes.InvalidArgument, getActionData, trustFor, nil, false, false},
	} {
		t.Run(fmt.Sprint(tt.code, tt.method, tt.age, len(tt.opts)), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, blue)
				call := func() error {
					var req any = upload
					if tt.method == getActionData {
						req = request("a0")
					}
					return w.Invoke(t.Context(), tt.method, req, nil, tt.opts...)
				}
				if err := call(); err != nil {
					t.Fatal(err)
				}
				time.Sleep(tt.age)
				w.cluster(blue).fail(tt.code)
				w.names(green)
				want := tt.code
				if tt.repeated {
					want = codes.OK
				}
				if err := call(); status.Code(err) != want {
					t.Errorf("%v, want %v", err, want)
				}
				if want = tt.code; tt.next {
					want = codes.OK
				}
				if err := call(); status.Code(err) != want {
					t.Errorf("next call: %v, want %v", err, want)
				}
			})
		})
	}
}

func TestAnErrorOfAClusterThatStaysIsAskedAboutRarely(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, blue)
		w.mustCall(t, 0)
		w.cluster(blue).fail(codes.NotFound)
		for range 60 {
			time.Sleep(time.Second)
			if err := w.call(t.Context(), 0); status.Code(err) != codes.NotFound {
				t.Errorf("%v, want the cluster's NotFound", err)
			}
		}
		if calls, n := w.cluster(blue).count(), w.questions(); calls != 61 || n > 1+60/5 {
			t.Errorf("%d calls and %d questions, want 61 and at most %d", calls, n, 1+60/5)
		}
	})
}

// A project that the backend served itself may get a cluster.
func TestAClusterThatIsAddedIsFound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "")
		w.mustCall(t, 0)
		time.Sleep(trustFor)
		w.names(blue)
		w.home.fail(codes.NotFound)
		w.mustCall(t, 0)
		if n := w.cluster(blue).count(); n != 1 {
			t.Errorf("%d calls on the cluster, want 1", n)
		}
	})
}

func TestOtherCallsAreMadeOnTheBackend(t *testing.T) {
	t.Parallel()
	w := newWorld(t, blue)
	if err := w.Invoke(t.Context(), "/flyteidl2.workflow.RunLogsService/TailLogs", request("a0"), nil); err != nil {
		t.Error(err)
	}
	if _, err := w.NewStream(t.Context(), &grpc.StreamDesc{ServerStreams: true}, "/flyteidl2.workflow.RunLogsService/TailLogs"); err != nil {
		t.Error(err)
	}
	if n := w.questions(); n != 0 || w.home.count() != 2 {
		t.Errorf("%d questions, %d calls on the backend, want 0 and 2", n, w.home.count())
	}
}
