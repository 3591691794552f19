package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/cmd/jetway/internal/failure"
)

func newHTTP(a *App) *cobra.Command {
	var data string
	var headers []string
	var include bool
	c := &cobra.Command{
		Use:   "http METHOD PATH",
		Short: "Make an HTTP request to the backend with the login",
		Long: "Makes a request below the backend's HTTP address, and prints the body of the answer. An answer\n" +
			"of 400 and more is an error, after its body was printed. Redirects are not followed.",
		Example: "  jetway http GET /user --platform jupyterhub\n" +
			"  jetway http POST /v1/api/workspaces/list -d '{}'",
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			ctx, cancel := a.limited(c.Context())
			defer cancel()
			return a.http(ctx, strings.ToUpper(args[0]), args[1], data, headers, include)
		},
	}
	c.Flags().StringVarP(&data, "data", "d", "", "body: text, @file or - for standard input")
	c.Flags().StringArrayVarP(&headers, "header", "H", nil, "`name: value` to send along; repeatable")
	c.Flags().BoolVarP(&include, "include", "i", false, "print the status and the headers of the answer, too")
	return c
}

func (a *App) http(ctx context.Context, method, path, data string, given []string, include bool) error {
	if !strings.HasPrefix(path, "/") {
		return failure.Usage("path %q: want one that begins with a slash, below the backend's address", path)
	}
	sent, err := headers(given)
	if err != nil {
		return err
	}
	body, err := a.input(data)
	if err != nil {
		return err
	}
	defer body.Close()
	cs, p, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer cs.Close()
	base := cs.HTTPURL(path)
	if base == path { // there is none
		return failure.Exit(failure.Config, fmt.Errorf("%s is a %s backend without an HTTP address", endpointOf(cs), p.Platform),
			"jetway call makes gRPC calls; --platform names another kind of backend")
	}
	var content io.Reader = http.NoBody
	if data != "" {
		text, err := io.ReadAll(body) // so that it can be sent again after a new login
		if err != nil {
			return fmt.Errorf("read the body: %w", err)
		}
		content = strings.NewReader(string(text))
	}
	r, err := http.NewRequestWithContext(ctx, method, base, content)
	if err != nil {
		return failure.Exit(failure.Misuse, withoutQuery(err), "")
	}
	r.Header.Set("Accept", "application/json")
	if data != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range sent {
		r.Header.Del(h.name) // what is set above
	}
	for _, h := range sent {
		if r.Header.Add(h.name, h.value); h.name == "host" {
			r.Host = h.value
		}
	}
	answer, err := a.exchange(cs, r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if err := a.printAnswer(answer, include); err != nil {
		return err
	}
	return httpFailure(method, path, answer.StatusCode)
}

// exchange sends a request, and says what is waited for.
func (a *App) exchange(cs *clientset.ClientSet, r *http.Request) (*http.Response, error) {
	hc := *cs.HTTPClient()
	hc.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	w := a.waitFor("waiting for the answer of " + r.URL.Host)
	defer w.stop()
	answer, err := hc.Do(r)
	return answer, withoutQuery(err)
}

// withoutQuery returns an error of net/http or net/url without the query of its address, which
// may be secret.
func withoutQuery(err error) error {
	failed, ok := errors.AsType[*url.Error](err)
	if !ok {
		return err
	}
	address, _, _ := strings.Cut(failed.URL, "?")
	return fmt.Errorf("%s %s: %w", failed.Op, address, failed.Err)
}

func (a *App) printAnswer(answer *http.Response, include bool) error {
	out := a.body()
	if include {
		var head strings.Builder
		fmt.Fprintf(&head, "%s %s\n", answer.Proto, answer.Status)
		if err := answer.Header.Write(&head); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, strings.ReplaceAll(head.String(), "\r\n", "\n")); err != nil {
			return err
		}
	}
	if _, err := io.Copy(out, answer.Body); err != nil {
		return fmt.Errorf("the answer ended early: %w", err)
	}
	if to := answer.Header.Get("Location"); answer.StatusCode/100 == 3 && to != "" {
		address, _, _ := strings.Cut(to, "?") // what follows may be secret
		a.IO.Notef("%s: it leads to %s, where nothing was sent", answer.Status, address)
	}
	return nil
}

// httpFailure returns the error of an answer's status.
func httpFailure(method, path string, code int) error {
	if code < http.StatusBadRequest {
		return nil
	}
	path, _, _ = strings.Cut(path, "?") // what follows may be secret
	return status.Errorf(grpcCode(code), "%s %s: HTTP status %d %s", method, path, code, http.StatusText(code))
}

// grpcCode returns the gRPC code for an HTTP status that is an error.
func grpcCode(code int) codes.Code {
	switch code {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return codes.InvalidArgument
	case http.StatusUnauthorized:
		return codes.Unauthenticated
	case http.StatusForbidden:
		return codes.PermissionDenied
	case http.StatusNotFound, http.StatusGone:
		return codes.NotFound
	case http.StatusConflict, http.StatusPreconditionFailed:
		return codes.AlreadyExists
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable:
		return codes.Unavailable
	case http.StatusRequestTimeout, http.StatusGatewayTimeout:
		return codes.DeadlineExceeded
	default:
		return codes.Unknown
	}
}
