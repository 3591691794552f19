package clientset_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/clientset"
	adminpb "github.com/jetway-go/jetway/gen/flyteidl/admin"
	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	secretpb "github.com/jetway-go/jetway/gen/flyteidl2/secret"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	"github.com/jetway-go/jetway/mockserver"
)

func TestOnlyTransientErrorsOfReadsAreRepeated(t *testing.T) {
	t.Parallel()
	type call = func(context.Context, *clientset.ClientSet) error
	reads := map[string]call{
		// Marked in the contract ...
		"/flyteidl2.task.TaskService/ListTasks": func(ctx context.Context, cs *clientset.ClientSet) error {
			_, err := cs.Task().ListTasks(ctx, &taskpb.ListTasksRequest{})
			return err
		},
		// ... and known to be harmless without.
		listProjects: list,
		"/flyteidl2.secret.SecretService/GetSecret": func(ctx context.Context, cs *clientset.ClientSet) error {
			_, err := cs.Secret().GetSecret(ctx, &secretpb.GetSecretRequest{})
			return err
		},
		"/flyteidl2.auth.IdentityService/UserInfo": func(ctx context.Context, cs *clientset.ClientSet) error {
			_, err := cs.Identity().UserInfo(ctx, &authpb.UserInfoRequest{})
			return err
		},
		"/flyteidl.service.AdminService/GetVersion": func(ctx context.Context, cs *clientset.ClientSet) error {
			_, err := cs.Admin().GetVersion(ctx, &adminpb.GetVersionRequest{})
			return err
		},
	}
	writes := map[string]call{
		"/flyteidl2.project.ProjectService/CreateProject": func(ctx context.Context, cs *clientset.ClientSet) error {
			_, err := cs.Project().CreateProject(ctx, &projectpb.CreateProjectRequest{})
			return err
		},
		"/flyteidl2.secret.SecretService/CreateSecret": func(ctx context.Context, cs *clientset.ClientSet) error {
			_, err := cs.Secret().CreateSecret(ctx, &secretpb.CreateSecretRequest{})
			return err
		},
	}
	for name, tc := range map[string]struct {
		calls    map[string]call
		opts     []clientset.Option
		code     codes.Code
		attempts int
	}{
		"reads, Unavailable":             {reads, nil, codes.Unavailable, 4},
		"reads, ResourceExhausted":       {reads, nil, codes.ResourceExhausted, 4},
		"reads, Internal":                {reads, nil, codes.Internal, 1},
		"reads, PermissionDenied":        {reads, nil, codes.PermissionDenied, 1},
		"reads, WithRetries(1)":          {reads, []clientset.Option{clientset.WithRetries(1)}, codes.Unavailable, 2},
		"reads, WithoutRetry":            {reads, []clientset.Option{clientset.WithoutRetry()}, codes.Unavailable, 1},
		"writes are never sent again":    {writes, nil, codes.Unavailable, 1},
		"writes, however many retries":   {writes, []clientset.Option{clientset.WithRetries(9)}, codes.Unavailable, 1},
		"reads, application's Unknown":   {reads, nil, codes.Unknown, 1},
		"reads, server's DeadlineExceed": {reads, nil, codes.DeadlineExceeded, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := quiet(t, mockserver.WithInMemory())
				cs := connect(t, s, tc.opts...)
				for method, do := range tc.calls {
					s.Script().FailNext(method, tc.attempts, tc.code, "scripted")
					s.Script().FailNext(method, 1, codes.DataLoss, "one attempt too many")
					s.ResetRequests()
					if err := do(t.Context(), cs); status.Code(err) != tc.code {
						t.Errorf("%s: %v, want %v", method, err, tc.code)
					}
					if n := calls(s, method); n != tc.attempts {
						t.Errorf("%s: %d attempts, want %d", method, n, tc.attempts)
					}
					s.Script().Reset()
				}
			})
		})
	}
}

func TestTransientRetryWaitsLongerAndKeepsTheRequestID(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := quiet(t, mockserver.WithInMemory())
		cs := connect(t, s)
		s.Script().FailNext(listProjects, 3, codes.Unavailable, "scripted")
		if err := list(t.Context(), cs); err != nil {
			t.Fatal(err)
		}
		var at []time.Time
		var ids []string
		for _, r := range s.Requests() {
			if r.Method == listProjects {
				at = append(at, r.Time)
				ids = append(ids, strings.Join(r.Metadata["x-request-id"], ","))
			}
		}
		if ids = slices.Compact(ids); len(ids) != 1 || ids[0] == "" {
			t.Errorf("request ids = %q, want one for all attempts", ids)
		}
		for i, want := range []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second} {
			if wait := at[i+1].Sub(at[i]); wait < want/2 || wait > want*3/2 {
				t.Errorf("wait %d was %v, want %v more or less", i+1, wait, want)
			}
		}
	})
}

func TestTransientRetryEndsAtTheCallersDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := quiet(t, mockserver.WithInMemory())
		cs := connect(t, s, clientset.WithRetries(100))
		s.Script().FailNext("*", 1000, codes.Unavailable, "scripted")
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		start := time.Now()
		err := list(ctx, cs)
		if code := status.Code(err); code != codes.DeadlineExceeded && code != codes.Unavailable {
			t.Errorf("%v, want DeadlineExceeded or Unavailable", err)
		}
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("came back after %v, past the deadline of 3s", took)
		}
	})
}
