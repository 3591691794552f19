package backend

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// Whatever a caller sends, the readers of filters and names neither panic nor
// fail other than with InvalidArgument, and what they accept is usable.
func FuzzRunRequests(f *testing.F) {
	seed := func(m proto.Message) {
		raw, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	seed(createRun("r1"))
	seed(createRun("Not A Name"))
	seed(&workflowpb.WatchActionsRequest{})
	f.Add([]byte("\xff"))
	b := New(Config{})
	f.Cleanup(b.Close)
	f.Fuzz(func(t *testing.T, raw []byte) {
		create, watch, list := &workflowpb.CreateRunRequest{}, &workflowpb.WatchActionsRequest{}, &workflowpb.ListRunsRequest{}
		if proto.Unmarshal(raw, create) == nil {
			key, err := newRunKey(create)
			if err != nil && status.Code(err) != codes.InvalidArgument {
				t.Errorf("name: %v", err)
			}
			ru := &run{key: key}
			if uri := b.runs.blobs.uri(ru, "inputs"); err == nil {
				k, _ := b.runs.blobs.store.Key(uri)
				if err := b.runs.blobs.store.Put(k, nil); err != nil {
					t.Errorf("%q cannot be stored: %v", uri, err)
				}
			}
		}
		if proto.Unmarshal(raw, watch) == nil {
			if _, err := parseActionFilter(watch.GetFilter()); err != nil && status.Code(err) != codes.InvalidArgument {
				t.Errorf("filter: %v", err)
			}
		}
		if proto.Unmarshal(raw, list) == nil {
			if _, err := b.runs.query(list.GetRequest()); err != nil && status.Code(err) != codes.InvalidArgument {
				t.Errorf("list: %v", err)
			}
		}
	})
}
