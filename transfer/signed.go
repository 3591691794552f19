package transfer

import (
	"context"
	"errors"
	"net/url"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/jetway-go/jetway/internal/clock"
)

const (
	// urlLifetime is how long a signed URL is asked for to be valid. Storage hosts look at it
	// when an exchange begins.
	urlLifetime = 5 * time.Minute
	// nearEnd is how long before its end a signed URL is not used any more.
	nearEnd = 15 * time.Second
)

// signed is a signed URL, as the backend gave it.
type signed struct {
	url    *url.URL
	native string            // the object in the storage's own terms
	header map[string]string // to be sent as it is
	end    clock.Reading     // may be zero: not known
}

// errBadURL says nothing of the URL, which may be secret.
var errBadURL = errors.New("the backend signed a URL that is not an http or https URL")

// newSigned reads an answer of the backend to a request that was made at asked.
func newSigned(text, native string, header map[string]string, asked clock.Reading, expires *timestamppb.Timestamp, now clock.Reading) (
	*signed, error,
) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errBadURL
	}
	s := &signed{url: u, native: native, header: header, end: asked.Add(urlLifetime)}
	// The backend may grant less. An end that is near at once is one by another clock.
	if expires != nil {
		if granted := asked.AtWall(expires.AsTime()); !now.Add(nearEnd).Reached(granted) && s.end.Reached(granted) {
			s.end = granted
		}
	}
	return s, nil
}

// permit holds a signed URL, and has another signed when it ends or is refused. It is safe
// for concurrent use.
type permit struct {
	sign  func(context.Context) (*signed, error)
	clock clock.Clock

	mu   sync.Mutex // also held while one is being signed
	held *signed
}

// get returns a signed URL that is not near its end.
func (p *permit) get(ctx context.Context) (*signed, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held != nil && !p.clock.Read().Add(nearEnd).Reached(p.held.end) {
		return p.held, nil
	}
	p.held = nil
	s, err := p.sign(ctx)
	if err != nil {
		return nil, err
	}
	p.held = s
	return s, nil
}

// refused makes the next get have another URL signed if err says that s has expired.
func (p *permit) refused(s *signed, err error) {
	if !errors.Is(err, ErrExpired) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held == s {
		p.held = nil
	}
}
