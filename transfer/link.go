package transfer

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"time"

	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	"github.com/jetway-go/jetway/internal/fault"
)

// Link is a signed URL to download one object from. It grants access until it expires, so
// its text form has no query.
type Link struct {
	// URL is the secret; GET it without any credential.
	URL string
	// Expires is when it stops to work, by the backend's clock; zero if that is not known.
	Expires time.Time
}

// String returns the URL without its query.
func (l Link) String() string {
	u, err := url.Parse(l.URL)
	if err != nil {
		return ""
	}
	return shown(u)
}

// GoString returns String.
func (l Link) GoString() string { return l.String() }

// LogValue returns String.
func (l Link) LogValue() slog.Value { return slog.StringValue(l.String()) }

// MarshalText returns String: a link that was stored or logged by accident grants nothing.
func (l Link) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// CreateDownloadLink has links signed for something that an action produced. Backends may
// sign the reports of attempts only: artifact_type ARTIFACT_TYPE_REPORT with
// action_attempt_id. There is one link or more if the error is nil; the code of the error is
// NotFound if there is no such thing.
func (c *Client) CreateDownloadLink(ctx context.Context, req *dataproxypb.CreateDownloadLinkRequest) ([]Link, error) {
	object := req.GetActionAttemptId().GetActionId().GetRun().GetName()
	res, err := c.dp.CreateDownloadLink(ctx, req)
	if err != nil {
		return nil, failed(opLink, object, fault.Readable(err))
	}
	var links []Link
	for _, text := range res.GetPreSignedUrls().GetSignedUrl() {
		link := Link{URL: text}
		if at := res.GetPreSignedUrls().GetExpiresAt(); at != nil {
			link.Expires = at.AsTime()
		}
		links = append(links, link)
	}
	if len(links) == 0 {
		return nil, failed(opLink, object, errors.New("the backend answered without a link"))
	}
	return links, nil
}
