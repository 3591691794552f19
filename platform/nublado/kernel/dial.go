package kernel

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/coder/websocket"

	"github.com/jetway-go/jetway/internal/fault"
	"github.com/jetway-go/jetway/internal/peer"
)

const opDial = "dial"

// Dial opens the websocket of a kernel: address is that of .../api/kernels/{id}/channels,
// with the scheme http, https, ws or wss. The handshake is a request of hc, with its cookies
// and whatever credentials its transport adds, and with the given headers; credentials in
// these are sent as they are, without TLS too. It follows no redirect. A nil hc is a client
// without cookies that uses the proxies of the environment. The error is an [*Error].
//
// Neither ctx nor a Timeout of hc limits the connection once it is open: call [Conn.Close]
// in the end.
func Dial(ctx context.Context, hc *http.Client, address string, header http.Header, opts ...Option) (*Conn, error) {
	cfg := config{
		maxMessage: DefaultMaxMessage, maxOutput: DefaultMaxOutput,
		openTimeout: DefaultOpenTimeout, keepAlive: DefaultKeepAlive, session: rand.Text(),
	}
	for _, o := range opts {
		o.apply(&cfg)
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || !slices.Contains([]string{"http", "https", "ws", "wss"}, u.Scheme) {
		return nil, &Error{Kind: ErrDial, Op: opDial, Detail: "the address is not a URL with http, https, ws or wss"}
	}
	client := peer.Client(hc)
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	secrets := secretsOf(u, header, client.Jar)

	opening, cancel := context.WithTimeoutCause(ctx, cfg.openTimeout, errSlow)
	defer cancel()
	ws, resp, err := websocket.Dial(opening, u.String(), &websocket.DialOptions{ //nolint:bodyclose // it is closed, or the connection's
		HTTPClient: &client, HTTPHeader: header, Subprotocols: []string{subprotocol},
	})
	if err != nil {
		return nil, refusal(opening, resp, err, secrets, cfg)
	}
	ws.SetReadLimit(cfg.maxMessage)
	c := &Conn{
		ws: ws, codec: codecFor(ws.Subprotocol()), cfg: cfg, secrets: secrets,
		running: make(chan struct{}, 1), done: make(chan struct{}),
	}
	c.start(ctx)
	return c, nil
}

var errSlow = errors.New("the open timeout ended")

// refusal returns the error of a handshake that failed.
func refusal(ctx context.Context, resp *http.Response, err error, secrets *fault.Secrets, cfg config) *Error {
	e := &Error{Kind: ErrDial, Op: opDial}
	switch {
	case errors.Is(context.Cause(ctx), errSlow):
		e.Detail = fmt.Sprintf("no answer within %v; is the kernel starting? WithOpenTimeout waits longer", cfg.openTimeout)
		e.Err = context.DeadlineExceeded
	case ctx.Err() != nil:
		e.Err = ending(ctx)
	case resp == nil:
		if outer, ok := errors.AsType[*url.Error](err); ok {
			err = outer.Err // its text without the URL
		}
		e.Err = scrub(err, secrets)
	case resp.StatusCode == http.StatusSwitchingProtocols:
		e.Kind, e.Detail = ErrProtocol, "the handshake is not that of a websocket: "+secrets.Text(err.Error(), fault.MaxForeign)
	default:
		e.Status = resp.StatusCode
		e.Detail, e.Kind = refused(resp)
		e.Detail = secrets.Text(e.Detail, fault.MaxForeign)
	}
	return e
}

// refused returns what an answer says that is not a websocket, and what that means.
func refused(resp *http.Response) (detail string, kind error) {
	switch code := resp.StatusCode; {
	case 300 <= code && code < 400:
		to, err := resp.Location()
		if err != nil {
			return "it redirects, to nowhere", ErrDenied
		}
		const text = "it redirects to %s://%s%s; log in first, and give the address that is redirected to"
		return fmt.Sprintf(text, to.Scheme, to.Host, to.Path), ErrDenied
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return said(resp), ErrDenied
	case code == http.StatusNotFound:
		return said(resp), ErrNoKernel
	default:
		return said(resp), ErrDial
	}
}

// said returns what an answer says, of JSON the message, and nothing of a page.
func said(resp *http.Response) string {
	body, _ := io.ReadAll(resp.Body) // the first KiB
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
		return ""
	}
	var m struct {
		Message string `json:"message"`
		Reason  string `json:"reason"`
	}
	if json.Unmarshal(body, &m) != nil {
		return string(body)
	}
	return cmp.Or(m.Message, m.Reason)
}
