package backend

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	apppb "github.com/jetway-go/jetway/gen/flyteidl2/app"
)

// conditionsEach is how many equal conditions a change leaves: the parts of which
// Kubernetes makes an app each have one. The last one counts.
const conditionsEach = 3

// message returns the app as Get returns it. The caller holds s.mu.
func (s *apps) message(a *app) *apppb.App {
	meta := &apppb.Meta{}
	if a.meta != nil {
		meta = proto.CloneOf(a.meta)
	}
	meta.Id, meta.Revision = a.id(), a.revision
	spec := proto.CloneOf(a.spec)
	if a.stopped {
		spec.DesiredState = apppb.Spec_DESIRED_STATE_STOPPED
	}
	return &apppb.App{Metadata: meta, Spec: spec, Status: s.status(a)}
}

// id is the identifier as real backends give it back.
func (a *app) id() *apppb.Identifier {
	return &apppb.Identifier{Org: cmp.Or(a.org, "flyte"), Project: a.key.project, Domain: a.key.domain, Name: a.key.name}
}

// status returns what has become of the app. The caller holds s.mu.
func (s *apps) status(a *app) *apppb.Status {
	switch {
	case a.stopped:
		return &apppb.Status{Conditions: []*apppb.Condition{
			newCondition(apppb.Status_DEPLOYMENT_STATUS_STOPPED, "", a.stoppedAt),
		}}
	case s.cfg.Operator:
		return s.leased(a)
	}
	out := &apppb.Status{
		CurrentReplicas: a.running(),
		Ingress:         s.ingress(a.key),
		CreatedAt:       timestamppb.New(a.created),
		K8SMetadata:     &apppb.K8SMetadata{Namespace: a.key.project + "-" + a.key.domain},
	}
	for _, c := range a.conditions {
		out.Conditions = append(out.Conditions, proto.CloneOf(c))
	}
	return out
}

func newCondition(of apppb.Status_DeploymentStatus, message string, at time.Time) *apppb.Condition {
	return &apppb.Condition{DeploymentStatus: of, Message: message, LastTransitionTime: timestamppb.New(at)}
}

// state is the state that counts.
func (s *apps) state(a *app) apppb.Status_DeploymentStatus {
	conditions := s.status(a).GetConditions()
	if len(conditions) == 0 {
		return apppb.Status_DEPLOYMENT_STATUS_UNSPECIFIED
	}
	return conditions[len(conditions)-1].GetDeploymentStatus()
}

// ingress returns where the app is reached. A label of a host name has at most 63
// characters, so the rest of a long one becomes a hash.
func (s *apps) ingress(k appKey) *apppb.Ingress {
	label := strings.ToLower(k.name + "-" + k.project + "-" + k.domain)
	if runes := []rune(label); len(runes) > 63 {
		sum := sha256.Sum256([]byte(label))
		label = string(runes[:54]) + "-" + hex.EncodeToString(sum[:4])
	}
	return &apppb.Ingress{PublicUrl: "https://" + label + "." + s.cfg.BaseDomain}
}

// at returns the app that is reached at this URL; nil if there is none.
func (s *apps) at(url *apppb.Ingress) *app {
	for _, a := range s.byKey {
		if url.GetPublicUrl() != "" && s.ingress(a.key).GetPublicUrl() == url.GetPublicUrl() {
			return a
		}
	}
	return nil
}
