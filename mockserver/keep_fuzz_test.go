package mockserver

import (
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	secretpb "github.com/jetway-go/jetway/gen/flyteidl2/secret"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	"github.com/jetway-go/jetway/mockserver/backend"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// values is a store in memory.
type values map[string]map[string][]byte

func (v values) Commit(changes map[string]map[string][]byte) error {
	for bucket, keys := range changes {
		if v[bucket] == nil {
			v[bucket] = map[string][]byte{}
		}
		maps.Copy(v[bucket], keys)
	}
	return nil
}

func (v values) Each(bucket, prefix string, f func(string, []byte) error) error {
	for _, key := range slices.Sorted(maps.Keys(v[bucket])) {
		if strings.HasPrefix(key, prefix) && v[bucket][key] != nil {
			if err := f(key, v[bucket][key]); err != nil {
				return err
			}
		}
	}
	return nil
}

// one returns what a server keeps that has one of everything.
func one(f *testing.F) values {
	f.Helper()
	store := values{}
	s, err := New(WithInMemory(), WithState(store), WithOpenAccess(), WithProject("p"))
	if err != nil {
		f.Fatal(err)
	}
	b := s.Backend()
	id := &taskpb.TaskIdentifier{Project: "p", Domain: "d", Name: "t", Version: "v"}
	b.SetTimeline("t", backend.Timeline{Steps: []backend.Step{
		{Phase: commonpb.ActionPhase_ACTION_PHASE_RUNNING, Logs: []string{"line"}},
		{Action: "a1", New: &backend.NewAction{Condition: &workflowpb.ConditionAction{Name: "c"}}},
		{Manual: true, NewAttempt: true, Outputs: &taskpb.Outputs{}, ClusterEvents: []*workflowpb.ClusterEvent{{}}},
	}})
	_, tokenErr := s.Script().IssueToken(oauth.TokenSpec{ClientID: "c", Refresh: true, Claims: map[string]any{"k": 1}})
	err = errors.Join(tokenErr, s.Objects().Put("o", []byte("content")), b.AddTask(&taskpb.DeployTaskRequest{
		TaskId: id, Spec: &taskpb.TaskSpec{}, Triggers: []*taskpb.TaskTrigger{{Name: "g"}},
	}))
	if err != nil {
		f.Fatal(err)
	}
	conn, err := grpc.NewClient(s.Endpoint(), s.DialOption(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		f.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, secretErr := secretpb.NewSecretServiceClient(conn).CreateSecret(f.Context(), &secretpb.CreateSecretRequest{
		Id: &secretpb.SecretIdentifier{Name: "s"}, SecretSpec: &secretpb.SecretSpec{Value: &secretpb.SecretSpec_StringValue{StringValue: "v"}},
	})
	run := &commonpb.RunIdentifier{Project: "p", Domain: "d", Name: "r"}
	runs := workflowpb.NewRunServiceClient(conn)
	_, runErr := runs.CreateRun(f.Context(), &workflowpb.CreateRunRequest{
		Id: &workflowpb.CreateRunRequest_RunId{RunId: run}, Task: &workflowpb.CreateRunRequest_TaskId{TaskId: id},
	})
	if err := errors.Join(secretErr, runErr); err != nil {
		f.Fatal(err)
	}
	child := &workflowpb.GetActionDetailsRequest{ActionId: &commonpb.ActionIdentifier{Run: run, Name: "a1"}}
	for err = io.EOF; err != nil; _, err = runs.GetActionDetails(f.Context(), child) {
		time.Sleep(time.Millisecond)
	}
	if err := s.Close(); err != nil {
		f.Fatal(err)
	}
	return store
}

// A server starts with what a store holds, or says why not.
func FuzzStart(f *testing.F) {
	full := one(f)
	for bucket, keys := range full {
		for key, value := range keys {
			f.Add(bucket, key, value)
		}
	}
	f.Fuzz(func(t *testing.T, bucket, key string, value []byte) {
		store := values{}
		for name, keys := range full {
			store[name] = maps.Clone(keys)
		}
		_ = store.Commit(map[string]map[string][]byte{bucket: {key: value}}) // never fails
		s, err := New(WithInMemory(), WithState(store))
		if err != nil {
			return
		}
		s.Backend().Advance()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}
