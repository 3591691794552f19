package doctor_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/doctor"
)

// A server that takes everything and says nothing costs one step, and no more than its
// time.
func TestAServerThatHangsCostsTheTimeOfOneStep(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"https://flyte.example.com", "http://flyte.example.com"} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			report := doctor.Run(t.Context(), at(address),
				doctor.WithLookup(func(context.Context, string) ([]string, error) { return []string{"192.0.2.1"}, nil }),
				doctor.WithDial(func(context.Context, string, string) (net.Conn, error) {
					here, there := net.Pipe()
					go func() {
						_, _ = io.Copy(io.Discard, there)
						_ = there.Close()
					}()
					return here, nil
				}))
			failed := 0
			for _, s := range report.Steps {
				if s.State == doctor.Failed {
					failed++
					if s.Problem != doctor.Timeout || s.Took < doctor.DefaultStepTimeout {
						t.Errorf("%v took %v", s, s.Took)
					}
				}
			}
			if took := time.Since(start); failed != 1 || took > doctor.DefaultStepTimeout+time.Second {
				t.Errorf("%d steps failed in %v:\n%v", failed, took, report)
			}
		})
	}
}

// A server whose headers do not end is judged by how they begin.
func TestEndlessHeadersCostNeitherTimeNorMemory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		report := doctor.Run(t.Context(), at("http://flyte.example.com"),
			doctor.WithLookup(func(context.Context, string) ([]string, error) { return []string{"192.0.2.1"}, nil }),
			doctor.WithDial(func(context.Context, string, string) (net.Conn, error) {
				here, there := net.Pipe()
				go func() { _, _ = io.Copy(io.Discard, there) }()
				go func() {
					text := "HTTP/1.1 200 OK\r\nX-Long: "
					for n, err := 0, error(nil); err == nil && n < 100; n++ {
						_, err = io.WriteString(there, text)
						text = strings.Repeat("x", 64<<10)
					}
				}()
				return here, nil
			}))
		for _, s := range report.Steps {
			if s.Name == "protocol" && (s.Problem != doctor.WebServer || s.Took != 0) {
				t.Errorf("%v after %v", s, s.Took)
			}
		}
	})
}

// hanging is a store that waits for ever, after a call of begun.
type hanging struct {
	unusable

	begun func()
}

func (h *hanging) Check(ctx context.Context, _ auth.Key) error {
	if h.begun != nil {
		h.begun()
	}
	<-ctx.Done()
	return ctx.Err()
}

// The caller's time counts for all steps together; those that do not fit say so.
func TestTheCallersTimeEndsTheExamination(t *testing.T) {
	t.Parallel()
	s := mock(t)
	ctx, cancel := context.WithCancel(t.Context())
	var last doctor.Step
	for step := range doctor.Steps(ctx, doctor.Endpoint("http://"+s.Endpoint(), clientset.WithStore(&hanging{begun: cancel}))) {
		if step.Name == "store" && step.State != doctor.Failed {
			t.Errorf("%v", step)
		}
		last = step
	}
	cancel()
	if last.Name != "http" || last.State != doctor.Skipped {
		t.Errorf("the last step: %v", last)
	}
	for _, step := range doctor.Run(ctx, doctor.APIKey(s.APIKey())).Steps {
		if step.State != doctor.Skipped || step.Seen == "" || step.Took != 0 {
			t.Errorf("after its time: %v", step)
		}
	}
}

// Leaving early gives up what the examination holds, which goleak sees.
func TestLeavingTheStepsEndsTheExamination(t *testing.T) {
	t.Parallel()
	n := 0
	for step := range doctor.Steps(t.Context(), doctor.APIKey(mock(t).APIKey())) {
		if n++; step.Name == "protocol" {
			break
		}
	}
	if n != 6 {
		t.Errorf("%d steps", n)
	}
}

func TestReportHasTheDocumentedFields(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(doctor.Report{Target: "h:443", Steps: []doctor.Step{
		{Name: "dns", State: doctor.Skipped, Seen: "10.0.0.1 is an IP address"},
		{Name: "tcp", State: doctor.Failed, Problem: doctor.Refused, Seen: "refused", Advice: "start it", Took: 1500 * time.Millisecond},
	}})
	const want = `{"target":"h:443","healthy":false,"steps":[` +
		`{"name":"dns","state":"skipped","seen":"10.0.0.1 is an IP address","took_ms":0},` +
		`{"name":"tcp","state":"failed","problem":"refused","seen":"refused","advice":"start it","took_ms":1500}]}`
	if err != nil || string(text) != want {
		t.Errorf("%s, %v", text, err)
	}
	if text, err := json.Marshal(doctor.Report{}); err != nil || string(text) != `{"target":"","healthy":true,"steps":[]}` {
		t.Errorf("%s, %v", text, err)
	}
}

// Where the certificate is not accepted for its time the server is asked for its clock all the
// same. The body of an answer that switches protocols is the connection, which no step ends.
func TestAServerThatSwitchesProtocolsDoesNotHoldUpTheExamination(t *testing.T) {
	t.Parallel()
	a, held := newAuthority(t), make(chan bool, 10)
	cfg := with(a.issue(t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }))
	address := serving(t, func(c net.Conn) {
		secure := tls.Server(c, cfg)
		if _, err := secure.Read(make([]byte, 4096)); err != nil {
			return // the step tls does not accept the certificate
		}
		_, _ = io.WriteString(secure, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
		_ = secure.SetReadDeadline(time.Now().Add(20 * time.Second))
		_, err := io.Copy(io.Discard, secure)
		held <- errors.Is(err, os.ErrDeadlineExceeded)
	})
	report := doctor.Run(t.Context(), at("https://"+address, a.trust()))
	for _, s := range report.Steps {
		if s.Name == "tls" && s.Problem != doctor.Expired {
			t.Errorf("%v", s)
		}
	}
	if <-held {
		t.Error("the client held the connection")
	}
}
