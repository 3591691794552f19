package command

import (
	"errors"
	"iter"
	"strconv"

	"github.com/spf13/cobra"
)

// take reads a list until it has limit entries, or all of them; 0 means all.
func take[T any](limit int, list iter.Seq2[T, error]) ([]T, error) {
	var out []T
	for entry, err := range list {
		if err != nil {
			return nil, err
		}
		if out = append(out, entry); len(out) == limit {
			break
		}
	}
	return out, nil
}

// limitFlag defines --limit of a list.
func limitFlag(c *cobra.Command, limit *int, most int) {
	*limit = most
	c.Flags().Var((*count)(limit), "limit", "at most this many; 0 means all")
}

// count is the value of a flag that is a number, 0 or more.
type count int

// String returns the number.
func (n *count) String() string { return strconv.Itoa(int(*n)) }

// Type names the value.
func (n *count) Type() string { return "int" }

// Set reads the flag.
func (n *count) Set(text string) error {
	got, err := strconv.Atoi(text)
	if err != nil || got < 0 {
		return errors.New("want a number, 0 or more")
	}
	*n = count(got)
	return nil
}

// page is how many entries one request asks for: no more than will be taken.
func page(limit int) uint32 {
	const most = 100
	if limit <= 0 || limit > most {
		return most
	}
	return uint32(limit)
}
