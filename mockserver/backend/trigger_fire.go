package backend

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// maxMissed is how many missed times of a trigger are made up for.
const maxMissed = 100

// FireSchedules starts the runs of all active triggers with a schedule whose times lie after they
// were switched on or last fired, and no later than until: up to 100 for each trigger. It returns
// the names of the runs that it started, in no order. The mock's schedules fire only here, and
// firing the same times twice starts nothing twice. Triggers whose task version is not deployed
// start nothing.
func (b *Backend) FireSchedules(until time.Time) (names []string) {
	b.mu.Lock()
	rows := slices.DeleteFunc(b.triggers.all(), func(r triggerRow) bool {
		return !r.active || r.automation.GetSchedule() == nil
	})
	b.mu.Unlock()
	for _, row := range rows {
		since := row.updated
		if row.triggered.After(since) {
			since = row.triggered
		}
		for _, at := range scheduleTimes(row.automation.GetSchedule(), row.updated, since, until, maxMissed) {
			name, ok := b.fire(row, at)
			if ok {
				names = append(names, name)
			}
		}
	}
	return names
}

// fire starts the run of a trigger for one time, and reports whether there was none.
func (b *Backend) fire(row triggerRow, at time.Time) (name string, isNew bool) {
	what, err := b.triggeredTask(row.id().GetName())
	if err != nil {
		return "", false
	}
	what.trigger = &row
	sum := sha256.Sum256([]byte(strings.Join([]string{
		row.project, row.domain, row.task, row.name, at.UTC().Format(time.RFC3339),
	}, "\x00")))
	key := runKey{row.project, row.domain, "r" + hex.EncodeToString(sum[:])[:maxRunName-1]}
	what.settings = b.runSettings(key)
	req := &workflowpb.CreateRunRequest{
		Source: workflowpb.RunSource_RUN_SOURCE_SCHEDULE_TRIGGER, RunStartTime: timestamppb.New(at),
	}
	if arg := row.automation.GetSchedule().GetKickoffTimeInputArg(); arg != "" {
		req.InputWrapper = &workflowpb.CreateRunRequest_Inputs{Inputs: b.withKickoff(row, arg, at)}
	}
	_, isNew, err = b.runs.create(key, req, what, nil)
	if err != nil {
		return "", false
	}
	if isNew {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.triggers.fired(row.triggerKey, at)
	}
	return key.name, isNew
}

// withKickoff returns the inputs that the trigger keeps in the object store, and the scheduled
// time as one more.
func (b *Backend) withKickoff(row triggerRow, arg string, at time.Time) *taskpb.Inputs {
	in := &taskpb.Inputs{}
	if kept := row.spec.GetOffloadedInputData(); kept != nil {
		if err := b.runs.blobs.getMessage(offloadedURI(kept), in); err != nil {
			in = &taskpb.Inputs{} // as readers treat what is missing
		}
	}
	in = proto.CloneOf(in)
	in.Literals = slices.DeleteFunc(in.GetLiterals(), func(l *taskpb.NamedLiteral) bool { return l.GetName() == arg })
	in.Literals = append(in.Literals, &taskpb.NamedLiteral{Name: arg, Value: &corepb.Literal{
		Value: &corepb.Literal_Scalar{Scalar: &corepb.Scalar{Value: &corepb.Scalar_Primitive{Primitive: &corepb.Primitive{
			Value: &corepb.Primitive_Datetime{Datetime: timestamppb.New(at)},
		}}}},
	}})
	return in
}

// offloadedURI is where the inputs are that UploadInputs has stored.
func offloadedURI(in *commonpb.OffloadedInputData) string {
	return strings.TrimSuffix(in.GetUri(), "/") + "/" + inputsFile
}
