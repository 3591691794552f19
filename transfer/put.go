package transfer

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	"github.com/jetway-go/jetway/internal/fault"
)

// askFirst is the size from which a storage host is asked for its consent before content is
// sent: a refusal then costs no upload, and is not lost in a broken connection.
const askFirst = 1 << 20

// put uploads content, in as many attempts as it takes.
func (c *Client) put(ctx context.Context, s *storage, to Destination, name string, what *content) (Object, error) {
	p := &permit{clock: c.clock, sign: func(ctx context.Context) (*signed, error) { return c.signUpload(ctx, to, what) }}
	once := attempt{s: s, name: name, what: what, report: c.cfg.report, expect: what.size >= askFirst}
	for try := c.retry(); ; {
		native, err := once.run(ctx, p)
		if changed := what.same(); changed != nil {
			return Object{}, changed
		}
		if final, ok := errors.AsType[finalError](err); ok {
			return Object{}, final.error
		}
		if err == nil {
			return Object{NativeURL: native, Size: what.size, MD5: what.md5}, nil
		}
		if err := try.again(ctx, err); err != nil {
			return Object{}, err
		}
	}
}

// signUpload has a URL signed for the upload.
func (c *Client) signUpload(ctx context.Context, to Destination, what *content) (*signed, error) {
	asked := c.clock.Read()
	res, err := c.dp.CreateUploadLocation(ctx, &dataproxypb.CreateUploadLocationRequest{
		Org: to.Org, Project: to.Project, Domain: to.Domain, FilenameRoot: reference(to.Root), Filename: reference(to.Name),
		ContentMd5: what.md5[:], ContentLength: what.size, AddContentMd5Metadata: true,
		ExpiresIn: durationpb.New(urlLifetime),
	})
	switch {
	case status.Code(err) == codes.AlreadyExists:
		return nil, fmt.Errorf("%w: %w", ErrExists, fault.Readable(err))
	case err != nil:
		return nil, fault.Readable(err)
	case res.GetNativeUrl() == "":
		return nil, errors.New("the backend did not answer where the object will be")
	}
	return newSigned(res.GetSignedUrl(), res.GetNativeUrl(), res.GetHeaders(), asked, res.GetExpiresAt(), c.clock.Read())
}

// reference returns name as the backend has to get it, which reads names as URL references:
// it would cut "a?b" and "a#b" to "a", and take "a%62" for "ab".
func reference(name string) string {
	var b strings.Builder
	for i := range len(name) {
		switch c := name[i]; {
		case c == '%' || c == '?' || c == '#' || c < ' ' || c == 0x7f:
			fmt.Fprintf(&b, "%%%02X", c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// attempt sends content once, and may do so again.
type attempt struct {
	s      *storage
	name   string
	what   *content
	report func(Progress)
	expect bool // whether the host is asked before the content is sent
}

// run returns where the content is.
func (a *attempt) run(ctx context.Context, p *permit) (native string, err error) {
	at, err := p.get(ctx)
	if err != nil {
		return "", err
	}
	content, progress, err := a.what.open()
	if err != nil {
		return "", err
	}
	defer content.Close() // net/http may be slower
	m := startMeter(a.report, a.name, a.what.size, func() int64 { at, _ := progress(); return at })
	res, err := a.s.exchange(ctx, http.MethodPut, at, progress, func(r *http.Request) {
		r.Body, r.ContentLength = content, a.what.size
		if a.what.size == 0 {
			r.Body = http.NoBody // else its length counts as unknown
		}
		r.Header.Set("Content-MD5", base64.StdEncoding.EncodeToString(a.what.md5[:]))
		if onAzure(at.native) {
			r.Header.Set("X-Ms-Blob-Type", "BlockBlob")
		}
		if a.expect {
			r.Header.Set("Expect", "100-continue")
		}
	})
	m.stop(err == nil, a.what.size)
	if err != nil {
		if own, ok := content.(*body); ok && own.failed() != nil {
			return "", finalError{own.failed()}
		}
		p.refused(at, err)
		return "", a.withoutAsking(err)
	}
	defer finish(res)
	if isPage(res) {
		return "", &networkError{http.MethodPut, shown(at.url), errPage.Error(), errPage}
	}
	return at.native, nil
}

var errPage = errors.New("a page came instead of the storage host's answer; is there a proxy or a login page in between?")

// isPage reports whether an answer is one of another program in between. Google's storage
// answers text/html too, but with an ETag and no body.
func isPage(res *http.Response) bool {
	return strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") && res.Header.Get("ETag") == "" && res.ContentLength != 0
}

// errNoExpect is a host that cannot be asked for its consent.
var errNoExpect = errors.New("the storage host does not take Expect")

// withoutAsking has the next attempt send at once where err says that the host cannot be
// asked.
func (a *attempt) withoutAsking(err error) error {
	var refused *StatusError
	if !a.expect || !errors.As(err, &refused) || refused.Status != http.StatusExpectationFailed {
		return err
	}
	a.expect = false
	return &networkError{refused.Method, refused.URL, errNoExpect.Error(), errNoExpect}
}

// onAzure reports whether a native URL is one of Azure's, which wants to be told the kind of
// blob that a PUT makes.
func onAzure(native string) bool {
	scheme, _, _ := strings.Cut(native, "://")
	switch scheme {
	case "abfs", "abfss", "wasb", "wasbs":
		return true
	}
	return false
}
