package doctor

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
	"github.com/jetway-go/jetway/internal/advice"
)

// protocol asks what answers at the address, without credentials.
func (x *examination) protocol(ctx context.Context) finding {
	if why := x.elsewhere(); why != "" {
		return skip(why)
	}
	if x.setup.Plaintext && x.conn != nil && x.setup.Target != "" {
		hello := greeted(ctx, x.conn)
		x.drop()
		if hello.speaks != speaksHTTP2 {
			return x.own(x.noHTTP2(ctx, hello))
		}
	}
	x.drop()
	answer, err := x.ask(ctx)
	if err != nil {
		if !x.setup.Plaintext {
			problem, what := x.trouble(ctx, err, ofBackend)
			return x.own(fail(problem, err.Error(), what))
		}
		return x.own(x.noHTTP2(ctx, greeting{err: err}))
	}
	defer func() { _ = answer.Body.Close() }()
	x.date("the backend", answer)
	if x.setup.Target == "" {
		return x.webAnswer(answer)
	}
	return x.own(x.grpcAnswer(answer))
}

// noHTTP2 judges a server that does not speak HTTP/2 without TLS.
func (x *examination) noHTTP2(ctx context.Context, hello greeting) finding {
	web := hello.speaks == speaksHTTP1
	silent := hello.err != nil && isTimeout(ctx, hello.err)
	doubtful := !silent && (!web || hello.answer == nil || hello.answer.StatusCode == http.StatusBadRequest)
	if hello.speaks == speaksTLS || doubtful && x.tlsTwin(ctx) {
		return fail(WantsTLS, "the server speaks TLS there", x.words.WantsTLS())
	}
	switch {
	case web && hello.answer != nil:
		x.date("the backend", hello.answer)
		return fail(WebServer, "a web server answers in HTTP/1.1: "+summary(hello.answer), x.words.WebServer())
	case web:
		return fail(WebServer, "a web server answers in HTTP/1.1", x.words.WebServer())
	case silent:
		return fail(Timeout, "the server accepts connections and does not answer", x.silent(ofBackend)+
			"; a server with TLS may wait like that too: "+x.words.WantsTLS())
	case hello.err != nil && len(hello.begin) == 0:
		return fail(Unreachable, "the server ends the connection without an answer: "+hello.err.Error(), x.words.WantsTLS()+
			"; or check the address"+advice.In(x.words.Endpoint))
	default:
		return fail(WebServer, fmt.Sprintf("something else than gRPC answers: %q", hello.begin), x.words.WebServer())
	}
}

// ask sends one request without credentials over a connection of its own: a call that needs
// none or, without gRPC, a GET of the HTTP base.
func (x *examination) ask(ctx context.Context) (*http.Response, error) {
	var protocols http.Protocols
	cfg, _ := x.clientTLS()
	to := url.URL{Scheme: "https", Host: x.backend()}
	if x.setup.Host == "" {
		to.Host = "localhost" // of a unix socket
	}
	if x.setup.Plaintext {
		to.Scheme = "http"
	}
	method, body := http.MethodGet, io.Reader(http.NoBody)
	if x.setup.Target == "" {
		base, err := url.Parse(x.setup.HTTPBase)
		if err != nil {
			return nil, err
		}
		to.Path = base.Path
		protocols.SetHTTP1(true)
		protocols.SetHTTP2(true)
	} else {
		method, body, to.Path = http.MethodPost, bytes.NewReader(make([]byte, 5)), authpb.AuthMetadataService_GetPublicClientConfig_FullMethodName
		protocols.SetHTTP1(!x.setup.Plaintext) // for what a web server answers
		protocols.SetHTTP2(true)
		protocols.SetUnencryptedHTTP2(x.setup.Plaintext)
	}
	r, err := http.NewRequestWithContext(ctx, method, to.String(), body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("User-Agent", x.setup.UserAgent)
	if x.setup.Target != "" {
		r.Header.Set("Content-Type", "application/grpc")
		r.Header.Set("TE", "trailers")
	}
	return (&http.Transport{
		DialContext:     func(ctx context.Context, _, _ string) (net.Conn, error) { return x.connect(ctx) },
		TLSClientConfig: cfg, Protocols: &protocols, DisableKeepAlives: true,
	}).RoundTrip(r)
}

// grpcAnswer judges what answered a call without credentials.
func (x *examination) grpcAnswer(answer *http.Response) finding {
	seen := summary(answer)
	switch code := answer.StatusCode; {
	case strings.HasPrefix(media(answer), "application/grpc"):
		return ok("gRPC answers over " + answer.Proto + server(answer))
	case x.setup.ProxyLogin && (wantsCredentials(code) || isRedirect(code)):
		return ok("a proxy in front of the backend wants its login, which the settings have: " + seen)
	case code == http.StatusProxyAuthRequired:
		return fail(FrontLogin, seen, advice.FrontProxyLogin())
	case isRedirect(code):
		return fail(Redirected, seen, "a login page or a moved address, not gRPC: check the address"+advice.In(x.words.Endpoint)+
			"; if a proxy in front of the backend wants a login of its own, see WithProxyFlow")
	case isGateway(code):
		return fail(BadGateway, seen, gatewayAdvice)
	case slices.Contains([]int{464, http.StatusUpgradeRequired, http.StatusHTTPVersionNotSupported, http.StatusUnsupportedMediaType}, code):
		return fail(HTTP1Behind, seen, advice.HTTP1Behind())
	case media(answer) == "text/html":
		return fail(WebPage, seen, x.words.WebPage())
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return warn(FrontLogin, seen, "something in front of the backend takes no call without a login, not even the one that says how "+
			"to log in; "+
			advice.FrontProxyLogin())
	default:
		return fail(WebServer, seen, x.words.WebServer())
	}
}

// wantsCredentials reports whether a status asks for credentials, or for other ones.
func wantsCredentials(code int) bool {
	return code == http.StatusProxyAuthRequired || code == http.StatusUnauthorized || code == http.StatusForbidden
}

// webAnswer judges what answered a GET of the HTTP base without credentials: any answer
// will do but that of a proxy.
func (x *examination) webAnswer(answer *http.Response) finding {
	switch code := answer.StatusCode; {
	case code == http.StatusProxyAuthRequired && !x.setup.ProxyLogin:
		return fail(FrontLogin, summary(answer), advice.FrontProxyLogin())
	case isGateway(code):
		return fail(BadGateway, summary(answer), gatewayAdvice)
	case code == http.StatusBadRequest && x.setup.Plaintext && x.tlsTwin(answer.Request.Context()):
		return fail(WantsTLS, "the server speaks TLS there: "+summary(answer), x.words.WantsTLS())
	default:
		return ok("a web server answers: " + summary(answer))
	}
}

// summary says what an answer was, without its text.
func summary(answer *http.Response) string {
	text := fmt.Sprintf("%s %d %s", answer.Proto, answer.StatusCode, http.StatusText(answer.StatusCode))
	if m := media(answer); m != "" {
		text += ", " + m
	}
	if to, err := answer.Location(); err == nil && to.Host != "" && isRedirect(answer.StatusCode) {
		text += ", to " + to.Scheme + "://" + to.Host + to.Path
	}
	return text + server(answer)
}

func server(answer *http.Response) string {
	if name := answer.Header.Get("Server"); name != "" {
		return fmt.Sprintf(", by %.60q", name)
	}
	return ""
}

func media(answer *http.Response) string {
	m, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	return m
}

func isRedirect(code int) bool { return code >= 300 && code < 400 && code != http.StatusNotModified }

// serverTime is how much later it is at a server than here.
type serverTime struct {
	name  string
	ahead time.Duration
}

// date notes what time it is at a server (RFC 9110 §6.6.1).
func (x *examination) date(name string, answer *http.Response) {
	at, err := http.ParseTime(answer.Header.Get("Date"))
	if err == nil {
		x.servers = append(x.servers, serverTime{name, time.Until(at)})
	}
}
