package serverauth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/interceptors/serverauth"
)

const withheld = "(withheld: the text contains the credential)"

// refuse returns a verifier that always fails with err.
func refuse(err error) serverauth.Verifier {
	return serverauth.VerifierFunc(func(context.Context, serverauth.Presented) (serverauth.Identity, error) {
		return serverauth.Identity{}, err
	})
}

// logTo returns an option that logs JSON lines, without the time, to out.
func logTo(out *bytes.Buffer) serverauth.Option {
	return serverauth.WithLogger(slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	})))
}

func TestLoggerReportsVerifierErrorsWithoutSecrets(t *testing.T) {
	t.Parallel()
	const token = "s3cret/token+1=="
	outage := status.Error(codes.Unavailable, "the authorization server answered HTTP 503")
	for name, tt := range map[string]struct {
		err               error
		level, code, text string
	}{
		"plain error":         {errors.New("expired"), "INFO", "Unauthenticated", "expired"},
		"denied":              {status.Error(codes.PermissionDenied, "no scope"), "INFO", "PermissionDenied", "rpc error: code = PermissionDenied desc = no scope"},
		"could not check":     {fmt.Errorf("introspect: %w", outage), "WARN", "Unavailable", "introspect: " + outage.Error()},
		"canceled":            {status.FromContextError(context.Canceled).Err(), "DEBUG", "Canceled", "rpc error: code = Canceled desc = context canceled"},
		"names the token":     {errors.New("token " + token + " has expired"), "INFO", "Unauthenticated", withheld},
		"the token in a URL":  {errors.New("GET /check?token=" + url.QueryEscape(token)), "INFO", "Unauthenticated", withheld},
		"the token in a path": {errors.New("GET /check/" + url.PathEscape(token)), "INFO", "Unauthenticated", withheld},
		"names a cookie":      {errors.New("session c00kie-value is over"), "INFO", "Unauthenticated", withheld},
		"a short cookie":      {errors.New("not in english"), "INFO", "Unauthenticated", "not in english"},
	} {
		var out bytes.Buffer
		_, _, err := call(t, serverauth.Unary(refuse(tt.err), logTo(&out)), check,
			metadata.Pairs("authorization", "Bearer "+token, "cookie", "session=c00kie-value; lang=en"))
		if status.Code(err).String() != tt.code {
			t.Errorf("%s: the caller gets %v", name, err)
		}
		var line map[string]string
		if err := json.Unmarshal(out.Bytes(), &line); err != nil {
			t.Fatalf("%s: %v in %s", name, err, &out)
		}
		if line["level"] != tt.level || line["method"] != check || line["code"] != tt.code || line["error"] != tt.text {
			t.Errorf("%s: logged %s", name, &out)
		}
		if text := out.String(); strings.Contains(text, token) || strings.Contains(text, "c00kie-value") {
			t.Errorf("%s: a secret is logged: %s", name, text)
		}
	}
}

func TestLoggerReportsStreamsAndOpenMethods(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	opts := []serverauth.Option{logTo(&out), serverauth.WithLogger(nil), serverauth.WithOpenMethods(check)} // nil changes nothing
	md := metadata.Pairs("authorization", "Bearer bob")
	ctx := metadata.NewIncomingContext(t.Context(), md)
	err := serverauth.Stream(refuse(errors.New("refused")), opts...)(nil, stubStream{ctx: ctx}, &grpc.StreamServerInfo{FullMethod: watch},
		func(any, grpc.ServerStream) error { return nil })
	if status.Code(err) != codes.Unauthenticated || !strings.Contains(out.String(), watch) {
		t.Errorf("stream: %v, logged %q", err, &out)
	}
	out.Reset()
	if _, _, err := call(t, serverauth.Unary(refuse(errors.New("refused")), opts...), check, md); err != nil || !strings.Contains(out.String(), check) {
		t.Errorf("open method: %v, logged %q", err, &out)
	}
}

func TestLoggerIsSilentAboutCallsThatReachNoVerifierError(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	i := serverauth.Unary(annOnly, logTo(&out))
	for _, md := range []metadata.MD{nil, metadata.Pairs("authorization", "Bearer ann"), metadata.Pairs("authorization", "1 2 3")} {
		_, _, _ = call(t, i, check, md)
	}
	if out.Len() > 0 {
		t.Errorf("logged %s", &out)
	}
}
