package transfer

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// version is what tells the state of an object from another one of the same name.
type version struct {
	etag     string // may be weak, or empty
	modified string // may be empty
	total    int64  // in bytes; -1 if it is not known
	sums     sums
}

// versionOf reads an answer, whose content is of an object of total bytes.
func versionOf(res *http.Response, total int64) *version {
	h := res.Header
	return &version{
		etag: h.Get("ETag"), modified: h.Get("Last-Modified"), total: total, sums: sumsOf(h, res.StatusCode == http.StatusOK),
	}
}

// named reports whether the host says which version it is.
func (v *version) named() bool { return v.etag != "" || v.modified != "" }

// is reports whether another answer is of the same state; ok is false where nothing tells.
func (v *version) is(other *version) (same, ok bool) {
	switch {
	case v.total >= 0 && other.total >= 0 && v.total != other.total:
		return false, true
	case v.etag != "" || other.etag != "":
		return v.etag == other.etag, true
	case v.modified != "" || other.modified != "":
		return v.modified == other.modified, true
	default:
		return true, false
	}
}

// demand has the host refuse the request if the object is another one by now.
func (v *version) demand(h http.Header) {
	switch {
	case v.etag != "" && !strings.HasPrefix(v.etag, "W/"):
		h.Set("If-Match", v.etag)
	case v.modified != "":
		h.Set("If-Unmodified-Since", v.modified)
	}
}

// errBadRange is an answer with other bytes than those that were asked for.
var errBadRange = errors.New("the storage host sent another part of the object than was asked for")

// contentRange reads the header Content-Range of an answer: the first and the last byte, and
// how many there are in all, -1 if the host does not say.
func contentRange(text string) (first, last, total int64, err error) {
	rest, ok := strings.CutPrefix(strings.TrimSpace(text), "bytes ")
	span, size, slash := strings.Cut(rest, "/")
	from, to, dash := strings.Cut(span, "-")
	if !ok || !slash || !dash {
		return 0, 0, 0, fmt.Errorf("%w: Content-Range %.60q", errBadRange, text)
	}
	first, err1 := strconv.ParseInt(strings.TrimSpace(from), 10, 64)
	last, err2 := strconv.ParseInt(strings.TrimSpace(to), 10, 64)
	total = -1
	var err3 error
	if size = strings.TrimSpace(size); size != "*" {
		total, err3 = strconv.ParseInt(size, 10, 64)
	}
	if errors.Join(err1, err2, err3) != nil || first < 0 || last < first || size != "*" && total <= last {
		return 0, 0, 0, fmt.Errorf("%w: Content-Range %.60q", errBadRange, text)
	}
	return first, last, total, nil
}
