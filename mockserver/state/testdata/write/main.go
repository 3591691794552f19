// Command write makes the file of state that is committed beside it for the current version,
// and a JSON object with the tokens of the login in it: write FILE.state FILE.json. The
// secrets in both are of no use but in the test. Files of released versions are never made
// anew.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"os"
	"time"

	"google.golang.org/grpc"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	secretpb "github.com/jetway-go/jetway/gen/flyteidl2/secret"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/backend"
	"github.com/jetway-go/jetway/mockserver/oauth"
	"github.com/jetway-go/jetway/mockserver/state"
)

func main() {
	if err := write(os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func write(path, tokens string) error {
	file, err := state.Open(path)
	if err != nil {
		return err
	}
	server, err := mockserver.New(
		mockserver.WithState(file), mockserver.WithOpenAccess(), mockserver.WithProject("shop", "attic"),
		mockserver.WithOAuth(oauth.Config{TokenTTL: 100 * 365 * 24 * time.Hour}),
	)
	if err != nil {
		return errors.Join(err, file.Close())
	}
	err = errors.Join(fill(server), login(server, tokens))
	return errors.Join(err, server.Close(), file.Close())
}

func fill(server *mockserver.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := grpc.NewClient(server.Endpoint(), grpc.WithTransportCredentials(server.TransportCredentials()))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	b := server.Backend()
	id := &taskpb.TaskIdentifier{Project: "shop", Domain: "development", Name: "sum", Version: "v1"}
	b.SetTimeline("sum", backend.Timeline{Steps: []backend.Step{
		{Phase: commonpb.ActionPhase_ACTION_PHASE_RUNNING, Logs: []string{"first line"}},
		{Manual: true, Phase: commonpb.ActionPhase_ACTION_PHASE_SUCCEEDED, Logs: []string{"last line"}},
	}})
	_, secretErr := secretpb.NewSecretServiceClient(conn).CreateSecret(ctx, &secretpb.CreateSecretRequest{
		Id:         &secretpb.SecretIdentifier{Name: "key", Domain: "development", Project: "shop"},
		SecretSpec: &secretpb.SecretSpec{Value: &secretpb.SecretSpec_StringValue{StringValue: "value"}},
	})
	err = errors.Join(secretErr, server.Objects().Put("some/object", []byte("content")),
		b.AddTask(&taskpb.DeployTaskRequest{TaskId: id, Spec: &taskpb.TaskSpec{ShortName: "sum"}}))
	if err != nil {
		return err
	}
	runs := workflowpb.NewRunServiceClient(conn)
	for _, name := range []string{"ended", "under-way"} {
		run := &commonpb.RunIdentifier{Project: "shop", Domain: "development", Name: name}
		_, err := runs.CreateRun(ctx, &workflowpb.CreateRunRequest{
			Id: &workflowpb.CreateRunRequest_RunId{RunId: run}, Task: &workflowpb.CreateRunRequest_TaskId{TaskId: id},
		})
		if err != nil {
			return err
		}
	}
	b.Advance("ended")
	time.Sleep(time.Second) // until both runs are where they stay
	return nil
}

func login(server *mockserver.Server, path string) error {
	token, err := server.Script().IssueToken(oauth.TokenSpec{
		Subject: "ada", ClientID: mockserver.PublicClientID, Scopes: []string{mockserver.DefaultScope}, Refresh: true,
	})
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(token, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o600)
}
