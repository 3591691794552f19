package clientset_test

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/clientset"
	apppb "github.com/jetway-go/jetway/gen/flyteidl2/app"
	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
	imagebuilderpb "github.com/jetway-go/jetway/gen/flyteidl2/imagebuilder"
)

// A ClientSet is a connection, which the stub of any service takes: login, retries and
// errors are the same. Here an app is deployed and awaited.
func ExampleClientSet_otherServices() {
	server := startMock()
	defer server.Close()
	cs, err := clientset.ForAPIKey(server.APIKey())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cs.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	apps := apppb.NewAppServiceClient(cs)
	id := &apppb.Identifier{Project: "demo", Domain: "development", Name: "hello"}
	created, err := apps.Create(ctx, &apppb.CreateRequest{App: &apppb.App{
		Metadata: &apppb.Meta{Id: id},
		Spec: &apppb.Spec{
			AppPayload:   &apppb.Spec_Container{Container: &corepb.Container{Image: "registry.test/hello:1"}},
			DesiredState: apppb.Spec_DESIRED_STATE_ACTIVE,
		},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(created.GetApp().GetStatus().GetIngress().GetPublicUrl())

	events, err := apps.Watch(ctx, &apppb.WatchRequest{Target: &apppb.WatchRequest_AppId{AppId: id}})
	for active := false; err == nil && !active; {
		var event *apppb.WatchResponse
		event, err = events.Recv()
		app := event.GetUpdateEvent().GetUpdatedApp()
		if event.GetCreateEvent() != nil { // it was there when the watch began
			app = event.GetCreateEvent().GetApp()
		}
		if all := app.GetStatus().GetConditions(); len(all) > 0 { // the last one counts
			active = all[len(all)-1].GetDeploymentStatus() == apppb.Status_DEPLOYMENT_STATUS_ACTIVE
		}
	}
	fmt.Println("active:", err == nil)

	// Not every server has every service.
	_, err = imagebuilderpb.NewImageServiceClient(cs).GetImage(ctx, &imagebuilderpb.GetImageRequest{})
	fmt.Println("images are served:", status.Code(err) != codes.Unimplemented)
	// Output:
	// https://hello-demo-development.apps.test
	// active: true
	// images are served: false
}
