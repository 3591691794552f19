package transfer

import (
	"errors"
	"fmt"
	"net/http"
)

// errNoEnd is content of which a part looks like the whole.
var errNoEnd = errors.New("the storage host says neither how long the content is nor where it ends")

// taken is what an answer has of a part.
type taken struct {
	skip int64 // of the content, at its beginning
	end  int64 // position in the object where it ends; -1 if that is where the content does
}

// take looks at an answer to a request for part, and sets the end of part once it is known.
func (f *fetch) take(at *signed, res *http.Response, part *span) (taken, error) {
	switch {
	case isPage(res):
		return taken{}, &networkError{http.MethodGet, shown(at.url), errPage.Error(), errPage}
	case res.StatusCode == http.StatusOK:
		return f.takeWhole(at, res, part)
	case res.StatusCode == http.StatusPartialContent:
		return f.takePart(at, res, part)
	default:
		return taken{}, fmt.Errorf("%w: status %d", errBadRange, res.StatusCode)
	}
}

// takeWhole takes an answer with the whole object.
func (f *fetch) takeWhole(at *signed, res *http.Response, part *span) (taken, error) {
	v := versionOf(res, res.ContentLength)
	if v.total < 0 && !delimited(res) && v.sums.checker() == nil {
		return taken{}, errNoEnd
	}
	first, err := f.agree(at, v, part.from, part.end >= 0)
	if err != nil {
		return taken{}, err
	}
	if known, whole := f.state(); first || whole || part.end < 0 {
		part.end = max(v.total, known.total)
	}
	return taken{part.from, part.end}, nil
}

// delimited reports whether content of unknown length has an end: one that is told from a
// connection that breaks.
func delimited(res *http.Response) bool {
	return res.ProtoMajor >= 2 || len(res.TransferEncoding) > 0
}

// takePart takes an answer with a part of the object. It may end before the part that was
// asked for: then another request follows.
func (f *fetch) takePart(at *signed, res *http.Response, part *span) (taken, error) {
	first, last, total, err := contentRange(res.Header.Get("Content-Range"))
	if err != nil {
		return taken{}, err
	}
	known, whole := f.state()
	if total < 0 && known != nil {
		total = known.total
	}
	v := versionOf(res, total)
	switch {
	case whole, first != part.from, part.end >= 0 && last >= part.end:
		return taken{}, errBadRange
	case known == nil && (total < 0 || last+1 < total && !v.named()):
		f.asWhole()
		return taken{}, errWhole
	case total < 0:
		return taken{}, errBadRange
	}
	if _, err := f.agree(at, v, part.from, false); err != nil {
		return taken{}, err
	}
	if part.end < 0 || part.end > total {
		part.end = total
	}
	return taken{0, min(last+1, part.end)}, nil
}

// agree notes the version of the first answer, and compares that of each other one. Whole
// says that the host sends the whole object though it was asked for a part.
func (f *fetch) agree(at *signed, v *version, from int64, whole bool) (first bool, err error) {
	f.mu.Lock()
	known := f.known
	if known == nil {
		f.known, f.whole = v, f.whole || whole
	}
	f.mu.Unlock()
	if known == nil {
		f.learnt(shown(at.url), v)
		return true, nil
	}
	switch same, ok := known.is(v); {
	case !same:
		return false, ErrChanged
	case !ok && from > 0:
		return false, errNoResume
	default:
		return false, nil
	}
}
