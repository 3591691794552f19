package mockserver

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"net/http"
	"strings"
	"syscall"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/mockserver/internal/kept"
)

// settledUnary lets an answer out once its changes are kept.
func (s *Server) settledUnary(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	mark := s.journal.Mark()
	resp, err := next(ctx, req)
	if failed := s.journal.Settle(ctx, mark); failed != nil {
		return nil, notKept(failed)
	}
	return resp, err
}

// settledStream does so for each message of a stream.
func (s *Server) settledStream(srv any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	out := &settledMessages{ServerStream: ss, journal: s.journal, mark: s.journal.Mark()}
	err := next(srv, out)
	if failed := s.journal.Settle(ss.Context(), out.mark); failed != nil {
		return notKept(failed)
	}
	return err
}

type settledMessages struct {
	grpc.ServerStream

	journal *kept.Journal
	mark    uint64
}

func (m *settledMessages) SendMsg(message any) error {
	if err := m.journal.Settle(m.Context(), m.mark); err != nil {
		return notKept(err)
	}
	m.mark = m.journal.Mark() // the next message tells of what comes from now on
	return m.ServerStream.SendMsg(message)
}

// notKept is the status of a call whose changes are not kept.
func notKept(err error) error {
	if e := status.FromContextError(err); e.Code() != codes.Unknown {
		return e.Err()
	}
	code := codes.Internal
	switch {
	case full(err):
		code = codes.ResourceExhausted
	case errors.Is(err, kept.ErrClosed):
		code = codes.Unavailable
	}
	return status.Error(code, notKeptText(err))
}

func notKeptText(err error) string {
	return "the mock could not keep its state, and what it could not keep is undone: " + err.Error()
}

// full reports whether there is no space.
func full(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}

// settledHTTP lets the answers of next out once their changes are kept.
func (s *Server) settledHTTP(next http.Handler) http.Handler {
	if s.journal == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := &settledWriter{ResponseWriter: w, request: r, journal: s.journal, mark: s.journal.Mark()}
		next.ServeHTTP(out, r)
		out.settle()
	})
}

// oauthError is the answer of the authorization server.
func oauthError(text string) []byte {
	body, err := json.Marshal(map[string]string{"error": "server_error", "error_description": text})
	if err != nil {
		return nil // the status says enough
	}
	return body
}

// settledWriter waits before the first byte of an answer.
type settledWriter struct {
	http.ResponseWriter

	request *http.Request
	journal *kept.Journal
	mark    uint64
	waited  bool
	failed  bool // an error was the answer
}

func (w *settledWriter) WriteHeader(code int) {
	if w.settle() {
		w.ResponseWriter.WriteHeader(code)
	}
}

func (w *settledWriter) Write(b []byte) (int, error) {
	if !w.settle() {
		return len(b), nil // the answer is another one
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController through.
func (w *settledWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// settle reports whether the handler's answer may leave.
func (w *settledWriter) settle() bool {
	if w.waited {
		return !w.failed
	}
	w.waited = true
	err := w.journal.Settle(w.request.Context(), w.mark)
	if err == nil {
		return true
	}
	w.failed = true
	code := http.StatusInternalServerError
	if full(err) {
		code = http.StatusInsufficientStorage
	}
	header := w.Header()
	clear(header)
	var body []byte
	if strings.HasPrefix(w.request.URL.Path, objectsPath+"/") {
		header.Set("Content-Type", "application/xml")
		body, _ = xml.Marshal(struct { // two texts: it cannot fail
			XMLName xml.Name `xml:"Error"`
			Code    string   `xml:"Code"`
			Message string   `xml:"Message"`
		}{Code: "InternalError", Message: notKeptText(err)})
	} else {
		header.Set("Content-Type", "application/json")
		header.Set("Cache-Control", "no-store")
		body = oauthError(notKeptText(err))
	}
	w.ResponseWriter.WriteHeader(code)
	_, _ = w.ResponseWriter.Write(body) // fails only when the client has gone
	return false
}
