package backend

import (
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	triggerpb "github.com/jetway-go/jetway/gen/flyteidl2/trigger"
)

func TestItem65ListsShowWhatExistsActiveFirst(t *testing.T) {
	t.Parallel()
	withTriggers(t, Config{}, func(t *testing.T, c triggersOf) {
		off := on("c")
		off.Spec.Active = false
		other := on("d")
		other.Name.Domain = "production"
		other.Spec.TaskVersion = "v2"
		for _, req := range []*triggerpb.DeployTriggerRequest{on("a"), scheduled("b", "@daily"), off, other, on("gone")} {
			c.deploy(t, req)
		}
		c.remove(t, "gone")
		c.deploy(t, on("a")) // again: that is no switch

		project := func(domain string) *triggerpb.ListTriggersRequest {
			return &triggerpb.ListTriggersRequest{ScopeBy: &triggerpb.ListTriggersRequest_ProjectId{
				ProjectId: &commonpb.ProjectIdentifier{Name: "p1", Domain: domain},
			}}
		}
		task := func(version string) *triggerpb.ListTriggersRequest {
			id := p1Task("env.train")
			id.Version = version
			return &triggerpb.ListTriggersRequest{ScopeBy: &triggerpb.ListTriggersRequest_TaskId{TaskId: id}}
		}
		filtered := func(fn commonpb.Filter_Function, field string, values ...string) *triggerpb.ListTriggersRequest {
			return &triggerpb.ListTriggersRequest{Request: &commonpb.ListRequest{Filters: []*commonpb.Filter{filter(fn, field, values...)}}}
		}
		sorted := func(key string, direction commonpb.Sort_Direction) *triggerpb.ListTriggersRequest {
			return &triggerpb.ListTriggersRequest{Request: &commonpb.ListRequest{SortByFields: []*commonpb.Sort{{Key: key, Direction: direction}}}}
		}
		for name, tc := range map[string]struct {
			req  *triggerpb.ListTriggersRequest
			want []string
		}{
			"all":               {&triggerpb.ListTriggersRequest{}, []string{"d@1", "b@1", "a@2", "c@1"}},
			"an organization":   {&triggerpb.ListTriggersRequest{ScopeBy: &triggerpb.ListTriggersRequest_Org{Org: "other"}}, []string{"d@1", "b@1", "a@2", "c@1"}},
			"a project":         {project("development"), []string{"b@1", "a@2", "c@1"}},
			"a project without": {project(""), nil},
			"a task":            {task("v1"), []string{"b@1", "a@2", "c@1"}},
			"another version":   {task("v2"), nil},
			"a task's name": {&triggerpb.ListTriggersRequest{ScopeBy: &triggerpb.ListTriggersRequest_TaskName{
				TaskName: &taskpb.TaskName{Project: "p1", Domain: "production", Name: "env.train"},
			}}, []string{"d@1"}},
			"by type":      {filtered(commonpb.Filter_EQUAL, "automation_type", "TYPE_SCHEDULE"), []string{"b@1"}},
			"by activity":  {filtered(commonpb.Filter_EQUAL, "active", "false"), []string{"c@1"}},
			"by version":   {filtered(commonpb.Filter_EQUAL, "task_version", "v2"), []string{"d@1"}},
			"by time":      {filtered(commonpb.Filter_LESS_THAN, "updated_at", time.Now().Add(-3*time.Second).Format(time.RFC3339Nano)), []string{"b@1", "a@2", "c@1"}},
			"sorted":       {sorted("name", commonpb.Sort_DESCENDING), []string{"d@1", "c@1", "b@1", "a@2"}},
			"by activity↑": {sorted("active", commonpb.Sort_ASCENDING), []string{"c@1", "d@1", "b@1", "a@2"}},
		} {
			if diff := cmp.Diff(tc.want, c.list(t, tc.req)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		listed := must(c.ListTriggers(t.Context(), task("v1")))(t).GetTriggers()[0]
		if listed.GetAutomationSpec().GetSchedule() == nil || !listed.GetActive() || listed.GetStatus().GetDeployedAt() == nil {
			t.Errorf("an entry is %v, want automation, activity and status", listed)
		}
	})
}

func TestItem65WhatAListingCannotRead(t *testing.T) {
	t.Parallel()
	filtered := func(fn commonpb.Filter_Function, field string, values ...string) *commonpb.ListRequest {
		return &commonpb.ListRequest{Filters: []*commonpb.Filter{filter(fn, field, values...)}}
	}
	for name, tc := range map[string]struct {
		req          *commonpb.ListRequest
		open, strict codes.Code
	}{
		"no such column":           {filtered(commonpb.Filter_EQUAL, "description", "x"), codes.InvalidArgument, codes.InvalidArgument},
		"no such column to sort":   {&commonpb.ListRequest{SortByFields: []*commonpb.Sort{{Key: "description"}}}, codes.InvalidArgument, codes.InvalidArgument},
		"neither true nor false":   {filtered(commonpb.Filter_EQUAL, "active", "yes"), codes.Internal, codes.InvalidArgument},
		"one of one value":         {filtered(commonpb.Filter_VALUE_IN, "name", "a"), codes.Internal, codes.OK},
		"more than the maximum":    {&commonpb.ListRequest{Limit: 201}, codes.InvalidArgument, codes.InvalidArgument},
		"a token that is none":     {&commonpb.ListRequest{Token: "x"}, codes.InvalidArgument, codes.InvalidArgument},
		"several values for equal": {filtered(commonpb.Filter_EQUAL, "name", "a", "b"), codes.Internal, codes.InvalidArgument},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for strict, want := range map[bool]codes.Code{false: tc.open, true: tc.strict} {
				withTriggers(t, Config{Strict: strict}, func(t *testing.T, c triggersOf) {
					_, err := c.ListTriggers(t.Context(), &triggerpb.ListTriggersRequest{
						Request: tc.req, ScopeBy: &triggerpb.ListTriggersRequest_Org{Org: "org"},
					})
					wantCode(t, err, want)
				})
			}
		})
	}
}

func TestItem65AFullPageHasAToken(t *testing.T) {
	t.Parallel()
	withTriggers(t, Config{}, func(t *testing.T, c triggersOf) {
		for i := range 4 {
			c.deploy(t, on(strconv.Itoa(i)))
		}
		req := &triggerpb.ListTriggersRequest{Request: &commonpb.ListRequest{Limit: 2}}
		var sizes []int
		for {
			page := must(c.ListTriggers(t.Context(), req))(t)
			sizes = append(sizes, len(page.GetTriggers()))
			if req.Request.Token = page.GetToken(); req.Request.Token == "" {
				break
			}
		}
		if diff := cmp.Diff([]int{2, 2, 0}, sizes); diff != "" {
			t.Errorf("pages (-want +got):\n%s", diff)
		}
	})
}

func TestItem66HistoryIsNewestFirstWhateverIsAsked(t *testing.T) {
	t.Parallel()
	withTriggers(t, Config{}, func(t *testing.T, c triggersOf) {
		c.deploy(t, on("t"))
		c.turn(t, false, "t")
		c.turn(t, true, "t")
		c.remove(t, "t")
		asked := func(list *commonpb.ListRequest) (*triggerpb.GetTriggerRevisionHistoryResponse, error) {
			return c.GetTriggerRevisionHistory(t.Context(), &triggerpb.GetTriggerRevisionHistoryRequest{Name: triggerName("t"), Request: list})
		}
		got := must(asked(&commonpb.ListRequest{
			Filters:      []*commonpb.Filter{filter(commonpb.Filter_EQUAL, "revision", "1")},
			SortByFields: []*commonpb.Sort{{Key: "revision", Direction: commonpb.Sort_ASCENDING}},
		}))(t)
		var actions []string
		for i, r := range got.GetTriggers() {
			actions = append(actions, r.GetAction().String()[len("TRIGGER_REVISION_ACTION_"):])
			if r.GetId().GetRevision() != uint64(4-i) {
				t.Errorf("entry %d has revision %d", i, r.GetId().GetRevision())
			}
		}
		if diff := cmp.Diff([]string{"DELETE", "ACTIVATE", "DEACTIVATE", "DEPLOY"}, actions); diff != "" {
			t.Errorf("actions (-want +got):\n%s", diff)
		}
		sameTime(t, "created_at of the deletion", got.GetTriggers()[0].GetCreatedAt(), got.GetTriggers()[0].GetStatus().GetDeletedAt())
		sameTime(t, "created_at of the activation", got.GetTriggers()[1].GetCreatedAt(), got.GetTriggers()[1].GetStatus().GetUpdatedAt())

		for _, bad := range []*commonpb.ListRequest{
			{Filters: []*commonpb.Filter{filter(commonpb.Filter_EQUAL, "name", "t")}}, {SortByFields: []*commonpb.Sort{{Key: "name"}}},
		} {
			_, err := asked(bad)
			wantCode(t, err, codes.InvalidArgument)
		}
		if page := must(asked(&commonpb.ListRequest{Limit: 4}))(t); page.GetToken() != "4" {
			t.Errorf("token %q of a full page, want 4", page.GetToken())
		}
		if left := c.history(t, "ghost"); len(left) != 0 {
			t.Errorf("an unknown trigger has the history %v", left)
		}
	})
}
