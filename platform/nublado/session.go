package nublado

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/jetway-go/jetway/internal/fault"
	"github.com/jetway-go/jetway/platform/nublado/kernel"
)

// DefaultKernel is the kernel of a session that names none: that with the Rubin Science
// Pipelines.
const DefaultKernel = "lsst"

// SessionOptions are what a new session is for. The zero value is a console with
// [DefaultKernel].
type SessionOptions struct {
	// Kernel is the name of the kernel; empty means [DefaultKernel].
	Kernel string
	// Notebook is the path of the notebook that the session is for, which JupyterLab then
	// shows as running; empty means a console.
	Notebook string
}

// Session is a kernel in the user's lab that runs code. Make one with [Client.NewSession],
// and call [Session.Close] in the end: else the kernel continues to run in the lab. Requests
// use the login that the client has then; the connection keeps that of its beginning. It is
// safe for concurrent use; runs take turns. Errors are [*APIError].
type Session struct {
	client *Client
	id     string
	kernel string
	opts   []kernel.Option

	mu    sync.Mutex
	conn  *kernel.Conn // nil only before the first one
	visit *visit       // the login of conn
	over  bool         // Close was called
}

// NewSession starts a kernel in the lab and connects to it, within ctx, which does not limit
// the session. If that fails after the kernel was started, the kernel is deleted, for which
// NewSession takes two more seconds at most. The limits of the connection are options of
// package kernel: kernel.WithMaxMessage, kernel.WithMaxOutput, kernel.WithKeepAlive.
func (c *Client) NewSession(ctx context.Context, o SessionOptions, opts ...kernel.Option) (*Session, error) {
	r := request{op: "create the session", method: http.MethodPost, lab: true, header: http.Header{"Content-Type": {acceptJSON}}}
	if !fault.Visible(o.Kernel + o.Notebook) {
		return nil, c.fail(nil, r, ErrInvalid, errors.New("a name has a control character in it"))
	}
	v, err := c.inLab(ctx, r.op)
	if err != nil {
		return nil, err
	}
	r.url = c.where.lab(v, "api", "sessions")
	if r.body, err = sessionRequest(o); err != nil {
		return nil, c.fail(v, r, ErrInvalid, err)
	}
	body, err := c.call(ctx, v, v.stream, r, maxModel)
	if err != nil {
		return nil, err
	}
	var made struct {
		ID     string `json:"id"`
		Kernel struct {
			ID string `json:"id"`
		} `json:"kernel"`
	}
	if json.Unmarshal(body, &made) != nil || !isID(made.ID) {
		return nil, c.fail(v, r, ErrAnswer, errors.New("it is not a session"))
	}
	s := &Session{client: c, id: made.ID, kernel: made.Kernel.ID}
	if !isID(s.kernel) {
		s.abandon(ctx)
		return nil, c.fail(v, r, ErrAnswer, errors.New("it is not a session with a kernel"))
	}
	s.opts = append([]kernel.Option{kernel.WithSession(s.id, c.where.user), kernel.WithInterrupt(s.Interrupt)}, opts...)
	if err := s.Reconnect(ctx); err != nil {
		s.abandon(ctx)
		return nil, err
	}
	return s, nil
}

// abandon deletes a session that cannot be used.
func (s *Session) abandon(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTime)
	defer cancel()
	_ = s.delete(ctx) // why it cannot be used is what counts
}

func sessionRequest(o SessionOptions) ([]byte, error) {
	path, kind := o.Notebook, "notebook"
	if path == "" {
		id := make([]byte, 16)
		_, _ = rand.Read(id) // never fails
		path, kind = hex.EncodeToString(id), "console"
	}
	name := cmp.Or(o.Kernel, DefaultKernel)
	return json.Marshal(map[string]any{"kernel": map[string]string{"name": name}, "path": path, "type": kind})
}

// isID reports whether a text can be part of a path.
func isID(text string) bool {
	const longest = 128
	return text != "" && text != "." && text != ".." && len(text) <= longest && fault.Visible(text)
}

// Reconnect connects anew to the kernel of the session: after kernel.ErrClosed, which leaves
// the kernel as it was, or kernel.ErrKernelDied, after which it has no variables. A run that
// is under way on the connection before ends with kernel.ErrClosed, and its code continues.
func (s *Session) Reconnect(ctx context.Context) error {
	c := s.client
	r := request{op: "connect to the kernel", lab: true, mode: "websocket"}
	v, err := c.inLab(ctx, r.op)
	if err != nil {
		return err
	}
	r.url = c.where.lab(v, "api", "kernels", s.kernel, "channels")
	header := http.Header{}
	c.sign(header, v, r)
	watched := &watching{next: v.stream.Transport}
	hc := *v.stream
	hc.Transport = watched
	conn, err := kernel.Dial(ctx, &hc, r.url.String(), header, s.opts...)
	if err != nil {
		return c.kernelError(v, r, watched.last, err)
	}
	s.mu.Lock()
	before, over := s.conn, s.over
	if !over {
		s.conn, s.visit = conn, v
	}
	s.mu.Unlock()
	switch {
	case over:
		_ = conn.Close() // always nil
		return c.kernelError(v, r, nil, &kernel.Error{Kind: kernel.ErrClosed, Op: "dial", Detail: "the session is closed"})
	case before != nil:
		_ = before.Close() // always nil
	}
	return nil
}

// current returns the connection to the kernel, and the login that it was made with.
func (s *Session) current() (*kernel.Conn, *visit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conn, s.visit
}

// kernelError returns the error of a connection, or of a run. The answer to the handshake
// may say that the lab does not run.
func (c *Client) kernelError(v *visit, r request, answer *http.Response, err error) error {
	own, ok := errors.AsType[*kernel.Error](err)
	if !ok {
		return c.fail(v, r, ErrNoAnswer, v.known.cause(err))
	}
	kind := own.Kind
	if answer != nil && answer.StatusCode != http.StatusSwitchingProtocols {
		kind = meaning(r, answer.StatusCode, answer.Header, "Forbidden")
		if isRedirect(answer.StatusCode) {
			kind, _ = c.redirected(v, r, answer)
		}
	}
	clean := *own // which cannot know the token that the http.Client attaches
	if clean.Detail = v.known.text(own.Detail); own.Err != nil {
		clean.Err = v.known.cause(own.Err)
	}
	e := c.fail(v, r, kind, &clean)
	e.Status = own.Status
	return e
}

// watching keeps the answer to a handshake, without its body.
type watching struct {
	next http.RoundTripper
	last *http.Response
}

func (w *watching) RoundTrip(r *http.Request) (*http.Response, error) {
	next := w.next
	if next == nil {
		next = http.DefaultTransport
	}
	resp, err := next.RoundTrip(r)
	if resp != nil {
		w.last = &http.Response{StatusCode: resp.StatusCode, Header: resp.Header}
	}
	return resp, err
}

// String returns the user and the address. It contains no secret.
func (s *Session) String() string { return "session " + s.id + " of " + s.client.String() }

// GoString is String.
func (s *Session) GoString() string { return s.String() }

// Format is String for every verb: fmt would print cookies.
func (s *Session) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, s.String()) }

// MarshalText makes String what slog and encoding/json write.
func (s *Session) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// ID returns the id of the session in the lab.
func (s *Session) ID() string { return s.id }

// Run runs Python code and returns what it printed and its last value. Code that raises an
// exception is kernel.ErrException, with the exception in the [*kernel.Error] that errors.As
// finds; what it printed before is in the result. If ctx ends, the kernel is interrupted. A
// connection that ends in the middle of a run is an error, never a short success; after it,
// and after the end of a kernel, call [Session.Reconnect].
func (s *Session) Run(ctx context.Context, code string, opts ...kernel.RunOption) (kernel.Result, error) {
	conn, v := s.current()
	result, err := conn.Run(ctx, code, opts...)
	if err != nil {
		r := request{op: "run code", lab: true, url: s.client.where.lab(v, "api", "kernels", s.kernel, "channels")}
		return result, s.client.kernelError(v, r, nil, err)
	}
	return result, nil
}

// Interrupt interrupts what the kernel runs, which then raises KeyboardInterrupt.
func (s *Session) Interrupt(ctx context.Context) error { return s.kernelVerb(ctx, "interrupt") }

// Restart starts the kernel anew and connects to it: its variables are lost, and a run that
// is under way ends with an error.
func (s *Session) Restart(ctx context.Context) error {
	if err := s.kernelVerb(ctx, "restart"); err != nil {
		return err
	}
	return s.Reconnect(ctx)
}

func (s *Session) kernelVerb(ctx context.Context, verb string) error {
	return s.call(ctx, request{op: verb + " the kernel", method: http.MethodPost}, "kernels", s.kernel, verb)
}

// call makes a request to a resource of the lab's API.
func (s *Session) call(ctx context.Context, r request, names ...string) error {
	v, err := s.client.inLab(ctx, r.op)
	if err != nil {
		return err
	}
	r.lab, r.url = true, s.client.where.lab(v, append([]string{"api"}, names...)...)
	_, err = s.client.call(ctx, v, v.calls, r, maxModel)
	return err
}

// Done returns a channel that is closed when the connection to the kernel is over, because
// the kernel died for instance. Reconnect and Restart make another one, with another Done.
func (s *Session) Done() <-chan struct{} {
	conn, _ := s.current()
	return conn.Done()
}

// Close ends the connection and deletes the session with its kernel. A session that is gone
// already, with its lab for example, is no error. Calling it again does so again.
func (s *Session) Close(ctx context.Context) error {
	s.mu.Lock()
	s.over = true
	conn := s.conn
	s.mu.Unlock()
	_ = conn.Close() // always nil
	return s.delete(ctx)
}

func (s *Session) delete(ctx context.Context) error {
	err := s.call(ctx, request{op: "delete the session", method: http.MethodDelete}, "sessions", s.id)
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrLabNotRunning) {
		return nil
	}
	return err
}
