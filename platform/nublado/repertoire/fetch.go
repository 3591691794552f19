package repertoire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/jetway-go/jetway/internal/peer"
)

const maxDocument = 4 << 20

// fetch gets the document, without credentials, since it is public. It follows no
// redirect, which could lead away from https: tokens are sent to the addresses in it.
func fetch(ctx context.Context, hc *http.Client, address string, limit time.Duration) (*Document, error) {
	bare := peer.Client(hc)
	bare.Jar = nil
	bare.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	req, err := http.NewRequestWithContext(limited, http.MethodGet, address, nil)
	if err != nil {
		return nil, &Error{Kind: ErrURL, Reason: "the URL of service discovery cannot be used"}
	}
	req.Header.Set("Accept", "application/json")
	resp, err := bare.Do(req)
	if err != nil {
		if ue := (*url.Error)(nil); errors.As(err, &ue) {
			err = ue.Err // the URL is in the error already
		}
		return nil, &Error{Kind: ErrWeb, URL: address, Reason: err.Error(), Err: err}
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, &Error{Kind: ErrWeb, URL: address, Status: resp.StatusCode, Reason: statusText(resp.StatusCode)}
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxDocument+1))
	switch {
	case err != nil:
		return nil, &Error{Kind: ErrWeb, URL: address, Status: resp.StatusCode, Reason: "the answer broke off", Err: err}
	case len(body) > maxDocument:
		return nil, &Error{Kind: ErrValidation, URL: address, Status: resp.StatusCode, Reason: fmt.Sprintf("larger than %d MiB", maxDocument>>20)}
	}
	d, err := parse(body)
	if err != nil {
		return nil, &Error{Kind: ErrValidation, URL: address, Status: resp.StatusCode, Reason: err.Error()}
	}
	return d, nil
}

func statusText(code int) string {
	return fmt.Sprintf("HTTP %d %s", code, http.StatusText(code))
}
