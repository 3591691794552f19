package backend

import (
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	apppb "github.com/jetway-go/jetway/gen/flyteidl2/app"
	dataplanepb "github.com/jetway-go/jetway/gen/flyteidl2/logs/dataplane"
)

// appReplica is a pod of an app. Its lines never change, so that messages may share them.
type appReplica struct {
	name       string
	deployment int // that started it
	ended      bool
	lines      []*dataplanepb.LogLine
}

// running counts the replicas that run.
func (a *app) running() (n uint32) {
	for _, r := range a.replicas {
		if !r.ended {
			n++
		}
	}
	return n
}

// runReplicas has n replicas of the latest deployment run, and no others.
func (a *app) runReplicas(n int) {
	var keep []*appReplica
	for _, r := range a.replicas {
		if r.deployment == a.deployed && !r.ended && len(keep) < n {
			keep = append(keep, r)
		} else {
			r.ended = true
		}
	}
	for len(keep) < n {
		a.seq++
		keep = append(keep, &appReplica{
			name: fmt.Sprintf("%s-%05d-deployment-%d", a.key.name, a.deployed, a.seq), deployment: a.deployed,
		})
	}
	a.replicas = keep
}

// endReplicas ends the replicas that run; gone says that they do not exist afterwards.
func (a *app) endReplicas(gone bool) {
	for _, r := range a.replicas {
		r.ended = true
	}
	if gone {
		a.replicas = nil
	}
}

// write writes the lines of step.
func (a *app) write(step *AppStep, now time.Time) {
	for i, r := range a.replicas {
		if r.ended || step.Replica > 0 && step.Replica != i+1 {
			continue
		}
		for _, text := range step.Logs {
			r.lines = append(r.lines, &dataplanepb.LogLine{
				Timestamp: timestamppb.New(now), Message: strings.TrimRight(text, "\r\n"), Originator: dataplanepb.LogLineOriginator_USER,
			})
		}
	}
}

// replicaID names a replica.
func (a *app) replicaID(r *appReplica) *apppb.ReplicaIdentifier {
	return &apppb.ReplicaIdentifier{AppId: a.id(), Name: r.name}
}
