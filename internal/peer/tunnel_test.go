package peer

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
)

// A proxy may answer without end, and what follows its response is the peer's, however much that is.
func TestATunnelReadsTheProxysResponseUpToALimit(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		headers int
		fine    bool
	}{"usual": {100, true}, "without end": {4 << 20, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				here, there := net.Pipe()
				const behind = 2 * maxAnswer
				sent := 0
				go func() {
					defer there.Close()
					if _, err := http.ReadRequest(bufio.NewReader(there)); err != nil {
						t.Error(err)
					}
					_, err := io.WriteString(there, "HTTP/1.1 200 OK\r\n")
					for line := "X-Long: " + strings.Repeat("x", 64) + "\r\n"; err == nil && sent < tc.headers; sent += len(line) {
						_, err = io.WriteString(there, line)
					}
					if err == nil {
						_, _ = io.WriteString(there, "\r\n"+strings.Repeat("y", behind))
					}
				}()
				conn, err := (&Tunnel{Proxy: &url.URL{Scheme: "http", Host: "proxy.example.com"}}).Through(t.Context(), here, "flyte.example.com:443")
				if tc.fine != (err == nil) {
					t.Fatal(err)
				}
				if !tc.fine {
					synctest.Wait()
					if sent > 2*maxAnswer {
						t.Errorf("%d bytes of headers were read", sent)
					}
					return
				}
				defer conn.Close()
				if got, err := io.ReadAll(conn); len(got) != behind || err != nil {
					t.Errorf("%d bytes, %v", len(got), err)
				}
			})
		})
	}
}
