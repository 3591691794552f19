package backend

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	apppb "github.com/jetway-go/jetway/gen/flyteidl2/app"
)

// start plays the app's timeline, and ends the one that plays. The caller holds s.mu.
func (s *apps) start(a *app) {
	a.nextRound()
	if s.closed || s.cfg.Operator {
		return
	}
	plan, ok := s.timelines[a.key.name]
	if !ok {
		plan = s.fallback
	}
	s.wg.Add(1)
	go s.play(a, a.round, plan.Steps)
}

// play runs the steps of a until the last one, until another round begins or until the
// backend closes.
func (s *apps) play(a *app, round int, steps []AppStep) {
	defer s.wg.Done()
	for i := range steps {
		if !s.waitFor(a, round, &steps[i]) {
			return
		}
		s.mu.Lock()
		if a.round == round {
			s.apply(a, &steps[i])
		}
		s.mu.Unlock()
	}
}

// waitFor waits as step requires; false means that it must not happen.
func (s *apps) waitFor(a *app, round int, step *AppStep) bool {
	due := time.NewTimer(max(0, step.After))
	defer due.Stop()
	passed := false
	for {
		s.mu.Lock()
		over := a.round != round
		ready := passed && (!step.Manual || a.credits > 0)
		if ready && step.Manual {
			a.credits--
		}
		changed := a.changed.wait()
		s.mu.Unlock()
		if over || ready {
			return !over
		}
		select {
		case <-due.C:
			passed = true
		case <-changed:
		case <-s.done:
			return false
		}
	}
}

// apply makes step happen. The caller holds s.mu.
func (s *apps) apply(a *app, step *AppStep) {
	now := s.b.cfg.Now()
	if next := conditionsOf(step, now); next != nil {
		a.conditions = next
	}
	if step.Replicas > 0 {
		a.runReplicas(step.Replicas)
	}
	a.write(step, now)
	if step.End {
		a.endReplicas(false)
	}
	a.changed.fire()
	s.tellUpdated(a)
}

// conditionsOf returns the conditions that step leaves; nil if it changes none.
func conditionsOf(step *AppStep, now time.Time) (out []*apppb.Condition) {
	for _, c := range step.Conditions {
		c = proto.CloneOf(c)
		if c.GetLastTransitionTime() == nil {
			c.LastTransitionTime = timestamppb.New(now)
		}
		out = append(out, c)
	}
	if len(out) > 0 || step.State == apppb.Status_DEPLOYMENT_STATUS_UNSPECIFIED {
		return out
	}
	message := step.Message
	if message == "" && step.State == apppb.Status_DEPLOYMENT_STATUS_ACTIVE {
		message = "Service is ready"
	}
	for range conditionsEach {
		out = append(out, newCondition(step.State, message, now))
	}
	return out
}
