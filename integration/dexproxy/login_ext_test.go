package dexproxy_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
	"github.com/jetway-go/jetway/internal/kfppb"
	"github.com/jetway-go/jetway/platform/kubeflow"
)

// journal is a log that several goroutines write.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// program is a client set of ann's, with a log that must show no secret.
func program(t *testing.T, p *proxy, a *api, change func(*kubeflow.Resolver)) *clientset.ClientSet {
	t.Helper()
	r := kubeflow.Resolver{
		Host: p.url() + "/pipeline", API: "http://" + a.address, LookupEnv: func(string) (string, bool) { return "", false },
		Dex: &kubeflow.Dex{Username: user, Password: flow.SecretValue(password)},
	}
	if change != nil {
		change(&r)
	}
	told := &journal{}
	logger := slog.New(slog.NewTextHandler(told, &slog.HandlerOptions{Level: slog.LevelDebug - 4}))
	r.Logger = logger
	cs, err := clientset.For(t.Context(), r, clientset.WithLogger(logger))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cs.Close(); err != nil {
			t.Error(err)
		}
		hides(t, told.String(), a)
	})
	return cs
}

// hides fails the test if the text shows the password or a session.
func hides(t *testing.T, text string, a *api) {
	t.Helper()
	secrets := []string{"canary"}
	for _, md := range a.calls() {
		for _, c := range md["cookie"] {
			_, value, _ := strings.Cut(c, "=")
			secrets = append(secrets, value)
		}
	}
	for _, s := range secrets {
		if strings.Contains(text, s) {
			t.Error("a secret is shown")
		}
	}
}

func runs(t *testing.T, cs *clientset.ClientSet, namespace string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	answer, err := kfppb.NewRunServiceClient(cs).ListRuns(ctx, &kfppb.ListRunsRequest{Namespace: namespace})
	if err == nil && (len(answer.GetRuns()) != 1 || answer.GetRuns()[0].GetRunId() != "r1") {
		t.Errorf("the runs are %v", answer.GetRuns())
	}
	return err
}

func TestKubeflowRow04_LoginThroughEveryFront(t *testing.T) {
	t.Parallel()
	for _, signIn := range []bool{false, true} {
		for _, approval := range []bool{false, true} {
			for _, choice := range []bool{false, true} {
				t.Run(fmt.Sprintf("403=%v,approval=%v,choice=%v", signIn, approval, choice), func(t *testing.T) {
					t.Parallel()
					logsIn(t, deployment{signInPage: signIn, approval: approval, choice: choice})
				})
			}
		}
	}
}

func logsIn(t *testing.T, d deployment) {
	t.Helper()
	// Given a deployment whose API asks the proxy, and turns away who comes without,
	p := startProxy(t, d)
	a := serve(t, p.verifier(t))
	if code, _ := ask(t, p.url()+"/oauth2/auth", ""); code != http.StatusUnauthorized {
		t.Fatalf("the proxy answers with status %d to nobody", code)
	}
	// when ann calls Kubeflow's services, and Flyte's,
	cs := program(t, p, a, nil)
	if err := runs(t, cs, "team"); err != nil {
		t.Fatal(err)
	}
	who, err := cs.Identity().UserInfo(t.Context(), &authpb.UserInfoRequest{})
	if err != nil || who.GetSubject() != user {
		t.Errorf("the backend knows %q, %v", who.GetSubject(), err)
	}
	// then every call carries the session alone, after one login.
	for _, md := range a.calls() {
		carriesSession(t, md)
	}
	if n := p.forms.Load(); n != 1 {
		t.Errorf("%d forms sent, want 1", n)
	}
	if approved := p.approvals.Load() == 1; approved != d.approval {
		t.Errorf("%d approvals, want one: %v", p.approvals.Load(), d.approval)
	}
}

func carriesSession(t *testing.T, md metadata.MD) {
	t.Helper()
	if len(md["cookie"]) != 1 || !strings.HasPrefix(md["cookie"][0], sessionCookie+"=") || strings.Contains(md["cookie"][0], ";") {
		t.Errorf("%d values of cookie, want the session alone", len(md["cookie"]))
	}
	if len(md["authorization"]) > 0 {
		t.Error("the call carried an authorization too")
	}
}

func TestKubeflowRow04_RecordOfALogin(t *testing.T) {
	t.Parallel()
	p := startProxy(t, deployment{})
	hc := &http.Client{Transport: &http.Transport{}}
	defer hc.CloseIdleConnections()
	s, err := kubeflow.Dex{Username: user, Password: flow.SecretValue(password)}.Login(t.Context(), hc, p.url())
	if err != nil {
		t.Fatal(err)
	}
	if s.EndpointURL != p.url() || !s.Secured || !strings.HasPrefix(s.LoginURL, p.issuer+"/auth/local?req=") ||
		!strings.HasPrefix(s.Cookie, sessionCookie+"=") || time.Until(s.Expiry) < 6*24*time.Hour {
		t.Errorf("the session is %v, until %v", s, s.Expiry)
	}
	// The cookie opens the pages too, which lead elsewhere without.
	if code, _ := ask(t, p.url(), s.Cookie); code != http.StatusOK {
		t.Errorf("the page answers with status %d", code)
	}
	if code, _ := ask(t, p.url(), ""); code != http.StatusFound {
		t.Errorf("the page answers with status %d to nobody", code)
	}
}

func TestKubeflowRow06_SessionThatTheProxyForgets(t *testing.T) {
	t.Parallel()
	p := startProxy(t, deployment{})
	a := serve(t, p.verifier(t))
	cs := program(t, p, a, nil)
	if err := runs(t, cs, "team"); err != nil {
		t.Fatal(err)
	}
	// Given a proxy that knows no session of before,
	p.stop()
	p.run(t)
	// when many calls find out at once,
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if err := runs(t, cs, "team"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	// then one login serves them all.
	if n := p.forms.Load(); n != 2 {
		t.Errorf("%d forms sent, want 2", n)
	}
}

func TestKubeflowRow06_SessionThatEnds(t *testing.T) {
	t.Parallel()
	p := startProxy(t, deployment{life: 15 * time.Second}) // a login must be faster
	a := serve(t, p.verifier(t))
	cs := program(t, p, a, nil)
	if err := runs(t, cs, "team"); err != nil {
		t.Fatal(err)
	}
	before := p.forms.Load()
	// Given a session whose end the proxy has seen,
	calls := a.calls()
	cookie := calls[len(calls)-1]["cookie"][0]
	for deadline := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		if code, _ := ask(t, p.url()+"/oauth2/auth", cookie); code == http.StatusUnauthorized {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the session does not end")
		}
	}
	// then the next call has another, for one more login.
	if err := runs(t, cs, "team"); err != nil {
		t.Fatal(err)
	}
	calls = a.calls()
	if again := calls[len(calls)-1]["cookie"][0]; again == cookie || p.forms.Load() != before+1 {
		t.Errorf("%d more logins, another cookie: %v", p.forms.Load()-before, again != cookie)
	}
}

func TestKubeflowRow05_WrongPasswordIsNamed(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]deployment{"redirect": {}, "sign-in page, choice": {signInPage: true, choice: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startProxy(t, d)
			a := serve(t, p.verifier(t))
			err := runs(t, program(t, p, a, func(r *kubeflow.Resolver) {
				r.Dex.Password = flow.SecretValue("canary-that-is-wrong")
			}), "team")
			if !errors.Is(err, kubeflow.ErrWrongPassword) || !errors.Is(err, auth.ErrRejected) || status.Code(err) != codes.Unauthenticated {
				t.Fatalf("%v (%v), want ErrWrongPassword", err, status.Code(err))
			}
			contains(t, err.Error(), "login credentials were probably invalid",
				"No redirect after POST to: "+p.issuer+"/auth/local (HTTP status code 200)", "Dex.Password")
			if strings.Contains(err.Error(), "req=") {
				t.Errorf("the error shows the login's state: %v", err)
			}
			hides(t, err.Error(), a)
			if len(a.calls()) != 0 || p.forms.Load() != 1 {
				t.Errorf("%d calls and %d forms, want none and one", len(a.calls()), p.forms.Load())
			}
		})
	}
}

func TestKubeflowRow06_ForbiddenIsNoReasonToLogIn(t *testing.T) {
	t.Parallel()
	p := startProxy(t, deployment{})
	a := serve(t, p.verifier(t))
	if err := runs(t, program(t, p, a, nil), "bobs"); status.Code(err) != codes.PermissionDenied {
		t.Errorf("%v, want PermissionDenied", err)
	}
	if n := p.forms.Load(); n != 1 || len(a.calls()) != 1 {
		t.Errorf("%d logins and %d calls, want one of each", n, len(a.calls()))
	}
}

func TestKubeflowRow05_UnsecuredEndpointNeedsNoCookie(t *testing.T) {
	t.Parallel()
	// Given a proxy that lets everybody through, and an API that does too,
	p := startProxy(t, deployment{open: true})
	a := serve(t, nil)
	// then calls go out bare,
	if err := runs(t, program(t, p, a, nil), "team"); err != nil {
		t.Fatal(err)
	}
	if md := a.calls()[0]; len(md["cookie"])+len(md["authorization"]) != 0 || p.forms.Load() != 0 {
		t.Errorf("%d cookies, %d authorizations, %d logins, want none", len(md["cookie"]), len(md["authorization"]), p.forms.Load())
	}
	hc := &http.Client{Transport: &http.Transport{}}
	defer hc.CloseIdleConnections()
	s, err := kubeflow.Dex{Username: user, Password: flow.SecretValue(password)}.Login(t.Context(), hc, p.url())
	if err != nil || s.Secured || s.Cookie != "" || s.RedirectURL != p.url() {
		t.Errorf("the session is %v, %v", s, err)
	}
	// and an API that asks all the same hears why there is none.
	strict := serve(t, startProxy(t, deployment{}).verifier(t))
	err = runs(t, program(t, p, strict, nil), "team")
	if status.Code(err) != codes.Unauthenticated {
		t.Errorf("%v, want Unauthenticated", err)
	}
	contains(t, err.Error(), "answers without a login")
}
