package transfer

import (
	"context"

	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	"github.com/jetway-go/jetway/internal/clock"
)

// Source has links to one object signed: a new one whenever the last has expired. A [Link]
// is a source that has itself only; [Client.Source] asks the backend.
type Source interface {
	// Sign returns a link. It is called once for a download, and again when the link nears
	// its end or is refused as expired; not twice at the same time.
	Sign(ctx context.Context) (Link, error)
}

// Sign returns l.
func (l Link) Sign(context.Context) (Link, error) { return l, nil }

// Source returns the source of what [Client.CreateDownloadLink] signs for req: the first of
// its links.
func (c *Client) Source(req *dataproxypb.CreateDownloadLinkRequest) Source { return asking{c, req} }

// asking is a source that asks the backend.
type asking struct {
	c   *Client
	req *dataproxypb.CreateDownloadLinkRequest
}

// Sign asks the backend for a link.
func (a asking) Sign(ctx context.Context) (Link, error) {
	links, err := a.c.CreateDownloadLink(ctx, a.req)
	if err != nil {
		return Link{}, err
	}
	return links[0], nil
}

// permitFrom holds the links of a source.
func (c *Client) permitFrom(from Source) *permit {
	return &permit{clock: c.clock, sign: func(ctx context.Context) (*signed, error) {
		asked := c.clock.Read()
		link, err := from.Sign(ctx)
		if err != nil {
			return nil, err
		}
		s, err := newSigned(link.URL, "", nil, asked, nil, c.clock.Read())
		if err != nil {
			return nil, err
		}
		s.end = clock.Reading{} // not known, by another clock or over: the host decides
		if end := asked.AtWall(link.Expires); !link.Expires.IsZero() && !c.clock.Read().Add(nearEnd).Reached(end) {
			s.end = end
		}
		return s, nil
	}}
}
