package jupyterhub

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"strconv"
)

// page is an answer in pages. A hub before 2.0 answers with the bare list of all.
type page[T any] struct {
	items  []T
	offset int
	more   bool
}

// UnmarshalJSON reads both forms.
func (p *page[T]) UnmarshalJSON(text []byte) error {
	if trimmed := bytes.TrimSpace(text); len(trimmed) > 0 && trimmed[0] == '[' {
		p.offset = -1
		return json.Unmarshal(text, &p.items)
	}
	var answer struct {
		Items      []T `json:"items"`
		Pagination *struct {
			Offset int              `json:"offset"`
			Next   *json.RawMessage `json:"next"`
		} `json:"_pagination"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return err
	}
	if answer.Pagination == nil {
		return errors.New("neither a list nor a page")
	}
	p.items, p.offset, p.more = answer.Items, answer.Pagination.Offset, answer.Pagination.Next != nil
	return nil
}

// pages returns the items of all pages. They are asked for by offset: the URL of the next
// page in an answer has the scheme and host that the hub believes to have, which may be
// those of a stranger behind a proxy.
func pages[T any](ctx context.Context, c *Client, r request, query url.Values) iter.Seq2[T, error] {
	r.accept = acceptPages
	return func(yield func(T, error) bool) {
		var none T
		query := maps.Clone(query) // several loops may run at once
		for offset := 0; ; {
			at := r
			query.Set("offset", strconv.Itoa(offset))
			at.rawQuery = query.Encode()
			var p page[T]
			if _, err := c.do(ctx, at, &p); err != nil {
				yield(none, err)
				return
			}
			if p.offset >= 0 && p.offset != offset { // or it would go round for ever
				yield(none, r.refused(http.StatusOK, fmt.Errorf("%w: it begins at number %d of the list, want %d", ErrAnswer, p.offset, offset)))
				return
			}
			for _, item := range p.items {
				if !yield(item, nil) {
					return
				}
			}
			if offset += len(p.items); !p.more || len(p.items) == 0 {
				return
			}
		}
	}
}
