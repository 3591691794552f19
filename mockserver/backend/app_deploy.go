package backend

import (
	"regexp"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	apppb "github.com/jetway-go/jetway/gen/flyteidl2/app"
	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
)

// checkDeployed checks what a server looks at before it deploys an app. A real one closes
// the connection because of a quantity that does not parse.
func checkDeployed(app *apppb.App) error {
	switch {
	case app.GetMetadata().GetId() == nil:
		return errNoAppID()
	case app.GetSpec() == nil:
		return status.Error(codes.InvalidArgument, "spec is required")
	case app.GetSpec().GetAppPayload() == nil:
		return status.Error(codes.InvalidArgument, "spec.app_payload is required: set container or pod")
	}
	resources := app.GetSpec().GetContainer().GetResources()
	for _, list := range [][]*corepb.Resources_ResourceEntry{resources.GetRequests(), resources.GetLimits()} {
		for _, entry := range list {
			if !isQuantity(entry.GetValue()) {
				return status.Errorf(codes.InvalidArgument, "resources: %q is not a quantity such as 500m or 2Gi", entry.GetValue())
			}
		}
	}
	return nil
}

// isQuantity reports whether Kubernetes parses text as a quantity.
func isQuantity(text string) bool {
	const expr = `^[+-]?(\d+(\.\d*)?|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$`
	matched, err := regexp.MatchString(expr, text)
	return err == nil && matched
}

// deploy makes the app what sent says, and starts it if that is new or the app is stopped.
// It keeps sent's parts. The caller holds s.mu and has checked sent.
func (s *apps) deploy(sent *apppb.App) *app {
	key := appKeyOf(sent.GetMetadata().GetId())
	a, isNew := s.byKey[key], false
	switch {
	case a == nil:
		a, isNew = &app{key: key, created: s.b.cfg.Now()}, true
		s.byKey[key] = a
	case !a.stopped && proto.Equal(a.spec, sent.GetSpec()):
		return a
	}
	a.org = sent.GetMetadata().GetId().GetOrg()
	a.spec, a.stopped = proto.CloneOf(sent.GetSpec()), false
	a.deployed++
	if s.cfg.Hosted {
		a.revision++
		a.meta = proto.CloneOf(sent.GetMetadata())
	}
	if isNew {
		s.tell(a, &apppb.WatchResponse{Event: &apppb.WatchResponse_CreateEvent{CreateEvent: &apppb.CreateEvent{App: s.message(a)}}})
	} else {
		s.tellUpdated(a)
	}
	s.start(a)
	return a
}
