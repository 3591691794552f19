package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/jetway-go/jetway/internal/advice"
)

// party is the other end of a connection.
type party int

const (
	ofBackend party = iota
	ofProxy
	ofFirst // of the two, what the connection is made to
	ofAuthServer
)

// trouble says what an error of a connection means, and what to do.
func (x *examination) trouble(ctx context.Context, err error, with party) (Problem, string) {
	if with == ofFirst {
		if with = ofBackend; x.proxy != nil {
			with = ofProxy
		}
	}
	problem, what := x.cause(ctx, err, with)
	switch {
	case problem == ProxyLogin:
	case with == ofProxy && problem == UnknownCA: // an https proxy
		what = x.words.Authority()
	case with == ofProxy:
		what = x.proxy.Check()
	case with == ofAuthServer && (problem == Refused || problem == Timeout || problem == Unreachable):
		what = "this machine has to reach the authorization server too: check its address, which the step discovery found, firewall and proxy"
	}
	return problem, what
}

func (x *examination) cause(ctx context.Context, err error, with party) (Problem, string) {
	text := err.Error()
	name, isName := errors.AsType[*net.DNSError](err)
	switch {
	case strings.Contains(text, "Proxy Authentication Required"):
		if x.proxy != nil {
			return ProxyLogin, x.proxy.WantsLogin()
		}
		return ProxyLogin, advice.ProxyElsewhereWantsLogin()
	case isName && name.IsNotFound:
		return UnknownName, x.words.NoAddress(name.Name)
	case isName && ctx.Err() == nil:
		return NoNameServer, advice.NoNetwork()
	case isTimeout(ctx, err):
		return Timeout, x.silent(with)
	case advice.IsPermanent(err), isCertificate(err):
		return x.certificate(err, with)
	case errors.Is(err, syscall.ECONNREFUSED), strings.Contains(text, "refused"): // Windows: "actively refused it"
		return Refused, x.words.Refused()
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH),
		strings.Contains(text, "network is unreachable"), strings.Contains(text, "no route to host"):
		return NoNetwork, advice.NoNetwork()
	case errors.Is(err, os.ErrNotExist):
		return Refused, "there is no socket at that path: is the backend running?"
	default:
		return Unreachable, x.words.Refused()
	}
}

// isTimeout reports whether no answer came in time: of a step, of the system, or of the
// proxy.
func isTimeout(ctx context.Context, err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ctx.Err() != nil || ok && timeout.Timeout() || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded)
}

// silent is the advice for a peer that does not answer.
func (x *examination) silent(with party) string {
	if with == ofProxy && x.proxy != nil {
		return x.proxy.Check()
	}
	return "no answer came: a firewall that drops what is sent, a wrong address or port" + advice.In(x.words.Endpoint) +
		", or a network that needs a VPN or a proxy (HTTPS_PROXY, WithProxyURL)"
}

func isCertificate(err error) bool {
	_, unverified := errors.AsType[*tls.CertificateVerificationError](err)
	return unverified
}
