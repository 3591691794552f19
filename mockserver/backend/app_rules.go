package backend

import (
	"net/url"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
)

// appRules returns the contract's validation rules of what AppService and AppLogsService
// take.
func appRules() map[protoreflect.FullName][]rule {
	const app = "flyteidl2.app."
	name := shaped(`^[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?$`, "name")
	return map[protoreflect.FullName][]rule{
		app + "Identifier":             {text(1, 0, "project", "domain"), text(1, 30, "name"), name},
		app + "App":                    {required("metadata", "spec")},
		app + "Meta":                   {required("id")},
		app + "Spec":                   {required("app_payload")},
		app + "Link":                   {text(1, 0, "path")},
		app + "Input":                  {text(1, 0, "name", "string_value"), required("value")},
		app + "Profile":                {text(0, 100, "short_description")},
		app + "ScalingMetric":          {required("metric")},
		app + "Concurrency":            {nonZero("target_value")},
		app + "TimeoutConfig":          {within(0, time.Hour, "request_timeout")},
		app + "Ingress":                {emptyOrURI("public_url", "cname_url", "vpc_url")},
		app + "CreateRequest":          {required("app")},
		app + "UpdateRequest":          {required("app"), text(0, 100, "reason")},
		app + "UpdateStatusRequest":    {required("app")},
		app + "DeleteRequest":          {required("app_id")},
		app + "GetRequest":             {required("identifier")},
		app + "ListRequest":            {required("filter_by"), text(1, 0, "org")},
		app + "WatchRequest":           {required("target"), text(1, 0, "org")},
		app + "LeaseRequest":           {required("id")},
		app + "ConsumedArtifactFilter": {text(1, 0, "project", "domain", "name")},
		app + "TailLogsRequest":        {required("target")},
		app + "ReplicaIdentifier":      {required("app_id"), text(1, 0, "name")},
	}
}

// within requires durations from low to high.
func within(low, high time.Duration, names ...protoreflect.Name) rule {
	return each(names, func(v protoreflect.Value) string {
		d, ok := v.Message().Interface().(*durationpb.Duration)
		if ok && (d.AsDuration() < low || d.AsDuration() > high) {
			return "must be from " + low.String() + " to " + high.String() + ", is " + d.AsDuration().String()
		}
		return ""
	})
}

// emptyOrURI requires absolute URIs of those that are set.
func emptyOrURI(names ...protoreflect.Name) rule {
	return each(names, func(v protoreflect.Value) string {
		if u, err := url.Parse(v.String()); v.String() != "" && (err != nil || !u.IsAbs()) {
			return "must be a URI"
		}
		return ""
	})
}
