package apitest

import (
	"encoding/json"
	"net/http"
	"strings"
)

// infer answers each record with the sum of its numbers, as out.sum.
func (a *API) infer(r *Request, body []byte) answer {
	if json.Unmarshal(body, &r.records) != nil || !equal(r.records) {
		return r.wrong("the body is not a list of records with the same names")
	}
	name, pipeline, _ := strings.Cut(strings.TrimPrefix(r.Path, inferences), "/")
	d := a.deployment(name)
	switch {
	case d == nil || d.of.name != pipeline:
		return failure(http.StatusNotFound, "no such pipeline")
	case a.state(d) != "Running":
		return answer{http.StatusServiceUnavailable, []any{map[string]any{"error": "the engine is not ready"}}}
	}
	results := []any{}
	for _, record := range r.records {
		results = append(results, map[string]any{
			"time": a.cfg.Now().UnixMilli(), "in": record, "out": map[string]any{"sum": []float64{sum(record)}},
			"check_failures": []any{},
			"metadata": map[string]any{
				"last_model": `{"model_name":"sum","model_sha":"0"}`, "pipeline_version": "", "elapsed": []int{1200, 3400}, "dropped": []any{},
			},
		})
	}
	return ok(results)
}

// equal reports whether there are records, and all have the same names.
func equal(records []map[string]any) bool {
	for _, r := range records {
		for name := range records[0] {
			if _, there := r[name]; !there || len(r) != len(records[0]) {
				return false
			}
		}
	}
	return len(records) > 0
}

// sum adds up the numbers of a value and of what is in it.
func sum(value any) float64 {
	total := 0.0
	switch v := value.(type) {
	case float64:
		total = v
	case []any:
		for _, item := range v {
			total += sum(item)
		}
	case map[string]any:
		for _, item := range v {
			total += sum(item)
		}
	}
	return total
}
