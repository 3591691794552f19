package requestlog

import (
	"encoding/binary"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/jetway-go/jetway/mockserver/oauth"
	"github.com/jetway-go/jetway/mockserver/requests"
)

// entry is one request of the log, whose Keys and Metadata are packed into one text: as maps and
// slices they would cost every call more than the rest of the log, most of all in the
// garbage collector.
type entry struct {
	requests.Request

	headers string // keys and values by turns, as pack writes them
}

// shown stands before a value in the log. A value that is left out is empty.
const shown = "="

// pack appends the length of a text, and the text.
func pack(to []byte, parts ...string) []byte {
	length := 0
	for _, p := range parts {
		length += len(p)
	}
	to = binary.AppendUvarint(to, uint64(length))
	for _, p := range parts {
		to = append(to, p...)
	}
	return to
}

// unpack returns the first text of what pack has written, and the rest.
func unpack(packed string) (text, rest string) {
	length, size := binary.Uvarint([]byte(packed[:min(len(packed), binary.MaxVarintLen64)]))
	end := size + int(length) //nolint:gosec // of a text in memory
	return packed[size:end], packed[end:]
}

// request returns the whole request.
func (e *entry) request() requests.Request {
	r := e.Request
	r.Metadata = map[string][]string{}
	for rest := e.headers; rest != ""; {
		var key, value string
		key, rest = unpack(rest)
		value, rest = unpack(rest)
		if !slices.Contains(r.Keys, key) {
			r.Keys = append(r.Keys, key)
		}
		if value, ok := strings.CutPrefix(value, shown); ok {
			r.Metadata[key] = append(r.Metadata[key], value)
		}
	}
	slices.Sort(r.Keys)
	return r
}

// lastToken remembers the ID of the latest access token, since most calls come with the
// same one. The zero value is ready.
type lastToken struct{ last atomic.Pointer[namedToken] }

type namedToken struct{ token, id string }

func (l *lastToken) id(token string) string {
	if last := l.last.Load(); last != nil && last.token == token {
		return last.id
	}
	id := oauth.TokenID(token)
	l.last.Store(&namedToken{token, id})
	return id
}
