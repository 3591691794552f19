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
	v := &version{etag: h.Get("ETag"), total: total, sums: sumsOf(h, res.StatusCode == http.StatusOK)}
	// It counts in seconds: what was modified in that of the answer may be so once more.
	modified, err := http.ParseTime(h.Get("Last-Modified"))
	now, wrong := http.ParseTime(h.Get("Date"))
	if err == nil && wrong == nil && now.After(modified) {
		v.modified = h.Get("Last-Modified")
	}
	return v
}

// strong reports whether equal ETags mean equal bytes.
func (v *version) strong() bool { return v.etag != "" && !strings.HasPrefix(v.etag, "W/") }

// named reports whether the host says which version it is.
func (v *version) named() bool { return v.strong() || v.modified != "" }

// is reports whether another answer is of the same state; ok is false where nothing tells.
func (v *version) is(other *version) (same, ok bool) {
	switch {
	case v.total >= 0 && other.total >= 0 && v.total != other.total, v.etag != other.etag:
		return false, true
	case v.strong():
		return true, true
	default:
		return v.modified == other.modified, v.modified != "" || other.modified != ""
	}
}

// demand has the host refuse the request if the object is another one by now.
func (v *version) demand(h http.Header) {
	switch {
	case v.strong():
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
	unit, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	span, size, slash := strings.Cut(rest, "/")
	from, to, dash := strings.Cut(span, "-")
	first, err1 := position(from)
	last, err2 := position(to)
	total, err3 := int64(-1), error(nil)
	if strings.TrimSpace(size) != "*" {
		total, err3 = position(size)
	}
	switch {
	case !strings.EqualFold(unit, "bytes") || !slash || !dash,
		errors.Join(err1, err2, err3) != nil,
		last < first, total >= 0 && total <= last:
		return 0, 0, 0, fmt.Errorf("%w: Content-Range %.60q", errBadRange, text)
	}
	return first, last, total, nil
}

// position reads a number without a sign.
func position(text string) (int64, error) {
	n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 63)
	return int64(n), err
}
