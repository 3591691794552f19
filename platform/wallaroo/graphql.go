package wallaroo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// graphqlPath is where the instance answers GraphQL.
const graphqlPath = "/v1/graphql"

// Query is a request in GraphQL.
type Query struct {
	// Text is the document.
	Text string
	// Variables are its variables by name; may be nil.
	Variables map[string]any
	// Operation is the one to execute, where the document has several.
	Operation string
}

// GraphQL sends a query and decodes the data of its answer into data, a pointer as for
// encoding/json; nil ignores it. If the answer has errors, the error is an [*APIError]
// with all of them, and data holds what came beside them. A token that the server no
// longer accepts, which it says with status 200, is replaced once like any other; see
// [Rejected].
func (c *Client) GraphQL(ctx context.Context, q Query, data any) error {
	const op = "graphql"
	body := map[string]any{"query": q.Text}
	if q.Variables != nil {
		body["variables"] = q.Variables
	}
	if q.Operation != "" {
		body["operationName"] = q.Operation
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		return &APIError{Op: op, Err: err}
	}
	got, refused := c.send(ctx, request{op: op, url: c.base + graphqlPath, kind: contentJSON, body: encoded, limit: maxAnswer})
	if refused != nil && got.status != http.StatusOK {
		return refused
	}
	var answer struct {
		Data json.RawMessage `json:"data"`
	}
	err = json.Unmarshal(got.body, &answer)
	if err == nil && data != nil && answer.Data != nil {
		err = json.Unmarshal(answer.Data, data)
	}
	switch {
	case refused != nil:
		return refused
	case err != nil:
		return &APIError{Op: op, Status: got.status, Err: fmt.Errorf("%w: %w", ErrAnswer, decodingError(err))}
	case answer.Data == nil:
		return &APIError{Op: op, Status: got.status, Err: fmt.Errorf("%w: it has neither data nor errors", ErrAnswer)}
	}
	return nil
}
