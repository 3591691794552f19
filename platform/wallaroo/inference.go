package wallaroo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/jetway-go/jetway/internal/clock"
)

// Record is one row of input: the same names in each.
type Record = map[string]any

// Inference is the result for one [Record].
type Inference struct {
	// Time is when the engine did it.
	Time time.Time
	// In and Out are the columns of input and output by name, as JSON.
	In, Out map[string]json.RawMessage
	// Anomalies is how many checks failed.
	Anomalies int
	// Metadata is what the engine adds, by name; may be empty.
	Metadata map[string]json.RawMessage
}

// recordsJSON is the media type of a list of records.
const recordsJSON = "application/json; format=pandas-records"

const (
	// inferencePause is the first one before a request that the engine was not ready for
	// is repeated, and inferenceRepeats is how often it is.
	inferencePause   = 100 * time.Millisecond
	inferenceRepeats = 5
)

var (
	errNoRecords = errors.New("there is no record to send")
	errUnequal   = errors.New("the records do not all have the same names")
)

// InferenceURL returns the address of a deployment: at the instance, or at the engine
// itself where the client's address is the one within Wallaroo's own cluster. HTTP
// clients of a ClientSet send no login to the engine.
func (c *Client) InferenceURL(d Deployment) string {
	if u, err := url.Parse(c.base); err == nil && (address{scheme: u.Scheme, host: u.Host}).inCluster() {
		return "http://engine-lb." + d.Name() + ":29502/pipelines/" + url.PathEscape(d.Pipeline)
	}
	return c.base + apiPath + "pipelines/infer/" + url.PathEscape(d.Name()) + "/" + url.PathEscape(d.Pipeline)
}

// ExternalURL asks the instance for the address of a deployed pipeline, as clients outside
// of the cluster see it. An address at a server that the client was not made for is
// [ErrOrigin].
func (c *Client) ExternalURL(ctx context.Context, workspaceID int64, pipeline string) (string, error) {
	const op = "admin/get_pipeline_external_url"
	var answer struct {
		URL text `json:"url"`
	}
	if err := c.post(ctx, op, map[string]any{"workspace_id": workspaceID, "pipeline_name": pipeline}, &answer); err != nil {
		return "", err
	}
	if err := c.allowed(string(answer.URL)); err != nil {
		return "", &APIError{Op: op, Status: http.StatusOK, Err: err}
	}
	return string(answer.URL), nil
}

// Infer sends records to a deployment that runs, and returns one result for each. It
// repeats the request up to five times, with pauses of about 3 s in all, while the engine
// answers 503, which it does before it has read the records.
func (c *Client) Infer(ctx context.Context, d Deployment, records []Record) ([]Inference, error) {
	const op = "pipelines/infer"
	body, err := encodeRecords(records)
	if err == nil {
		err = d.check()
	}
	to := c.InferenceURL(d)
	if d.URL != "" && d.URL != to && err == nil {
		to, err = d.URL, c.allowed(d.URL)
	}
	if err != nil {
		return nil, &APIError{Op: op, Err: err}
	}
	var results []Inference
	for repeats, pause := 0, inferencePause; ; repeats, pause = repeats+1, 2*pause {
		results = nil
		err = c.do(ctx, request{op: op, url: to, kind: recordsJSON, body: body, limit: maxInference}, &results)
		if e := (*APIError)(nil); !errors.As(err, &e) || e.Status != http.StatusServiceUnavailable || repeats == inferenceRepeats {
			break
		}
		if clock.Sleep(ctx, pause) != nil {
			return nil, &APIError{Op: op, Status: http.StatusServiceUnavailable, Err: ctx.Err()}
		}
	}
	switch {
	case err != nil:
		return nil, err
	case len(results) != len(records):
		err = fmt.Errorf("%w: %d results for %d records", ErrAnswer, len(results), len(records))
		return nil, &APIError{Op: op, Status: http.StatusOK, Err: err}
	}
	return results, nil
}

// encodeRecords returns a list of records as JSON.
func encodeRecords(records []Record) ([]byte, error) {
	if len(records) == 0 || len(records[0]) == 0 {
		return nil, errNoRecords
	}
	for _, r := range records {
		for name := range records[0] {
			if _, ok := r[name]; !ok || len(r) != len(records[0]) {
				return nil, errUnequal
			}
		}
	}
	return json.Marshal(records)
}

// UnmarshalJSON reads the forms that engines have: columns in objects, or with in. and
// out. in front of their names; anomaly with a count, or a list of check_failures.
func (i *Inference) UnmarshalJSON(b []byte) error {
	var row map[string]json.RawMessage
	if err := json.Unmarshal(b, &row); err != nil {
		return err
	}
	var millis number
	if raw, ok := row["time"]; ok && millis.UnmarshalJSON(raw) != nil {
		return fmt.Errorf("time: %w", errNumber)
	}
	*i = Inference{In: columns(row, "in"), Out: columns(row, "out"), Metadata: columns(row, "metadata")}
	if millis != 0 {
		i.Time = time.UnixMilli(int64(millis))
	}
	anomaly := columns(row, "anomaly")
	i.Anomalies = count(anomaly["count"])
	if i.Anomalies == 0 {
		i.Anomalies = count(row["check_failures"])
	}
	return nil
}

// columns returns those of one part, whether they are in an object or flattened.
func columns(row map[string]json.RawMessage, part string) map[string]json.RawMessage {
	found := map[string]json.RawMessage{}
	_ = json.Unmarshal(row[part], &found) // it may be absent, or something else
	if found == nil {
		found = map[string]json.RawMessage{}
	}
	for name, value := range row {
		if column, ok := strings.CutPrefix(name, part+"."); ok {
			found[column] = value
		}
	}
	return found
}

// count returns a number, or the length of a list.
func count(raw json.RawMessage) int {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil {
		return len(list)
	}
	var n number
	if n.UnmarshalJSON(raw) != nil || n < 0 || n > 1<<31-1 {
		return 0
	}
	return int(n)
}
