package command

import "iter"

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

// page is how many entries one request asks for: no more than will be taken.
func page(limit int) uint32 {
	const most = 100
	if limit <= 0 || limit > most {
		return most
	}
	return uint32(limit)
}
