package doctor

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// apart is how far clocks may be apart. Servers allow a minute or more in most cases.
const apart = time.Minute

// clock compares the clock of this machine with those of the servers that answered.
func (x *examination) clock(ctx context.Context) finding {
	if len(x.servers) == 0 && x.wrongNow && x.elsewhere() == "" {
		x.askTime(ctx)
	}
	if len(x.servers) == 0 {
		return skip("no server has told the time")
	}
	seen, wrong := make([]string, 0, len(x.servers)), false
	for _, s := range x.servers {
		ahead := s.ahead.Round(time.Second)
		switch {
		case ahead.Abs() < 2*time.Second: // the header has whole seconds
			seen = append(seen, "that of "+s.name+" agrees")
		case ahead > 0:
			seen = append(seen, fmt.Sprintf("this machine's is %v behind that of %s", ahead, s.name))
		default:
			seen = append(seen, fmt.Sprintf("this machine's is %v ahead of that of %s", -ahead, s.name))
		}
		wrong = wrong || ahead.Abs() >= apart
	}
	text := strings.Join(seen, "; ")
	if wrong {
		return warn(WrongClock, text, "set the clock of this machine, or that of the server: certificates and tokens are judged by it, "+
			"and are refused as expired, or as not yet valid")
	}
	return ok(text)
}

// askTime asks the backend what time it is, where its certificate is not accepted because
// of the time. The answer serves for nothing else, and nothing secret is sent.
func (x *examination) askTime(ctx context.Context) {
	cfg := &tls.Config{InsecureSkipVerify: true, ServerName: x.setup.Host} //nolint:gosec // see above
	t := &http.Transport{
		DialContext:     func(ctx context.Context, _, _ string) (net.Conn, error) { return x.connect(ctx) },
		TLSClientConfig: cfg, ForceAttemptHTTP2: true, DisableKeepAlives: true,
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+x.backend()+"/", http.NoBody)
	if err != nil {
		return
	}
	answer, err := t.RoundTrip(r)
	if err != nil {
		return
	}
	if answer.StatusCode != http.StatusSwitchingProtocols { // else the body is the connection, of which ctx ends no read
		_, _ = io.CopyN(io.Discard, answer.Body, 1)
	}
	_ = answer.Body.Close()
	x.date("the backend", answer)
}
