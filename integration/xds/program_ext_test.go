package xds_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	_ "google.golang.org/grpc/xds" // registers the resolver of xds:///

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
)

// programVariable names the directory with the settings of [program].
const programVariable = "JETWAY_TEST_XDS_PROGRAM"

// program is what a program does for a service behind xDS: it imports gRPC's package and
// names the service. gRPC reads where the control plane is from the environment.
func program() int {
	if err := callService(os.Getenv(programVariable), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func callService(dir string, log io.Writer) error {
	cs, err := clientset.ForEndpoint("xds:///"+service,
		clientset.WithCAFile(filepath.Join(dir, "ca.pem")), clientset.WithoutStore(),
		clientset.WithLogger(slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		clientset.WithFlow(flow.ClientCredentials{
			ClientID: os.Getenv("CLIENT_ID"), Secret: flow.SecretFile(filepath.Join(dir, "secret")),
		}))
	if err != nil {
		return err
	}
	defer func() { _ = cs.Close() }()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	enough := make(chan struct{}) // with the end of its input
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(enough)
	}()
	for calling := true; calling; {
		if err := list(ctx, cs); err != nil {
			return err
		}
		select {
		case <-enough:
			calling = false
		default:
		}
	}
	// A call on data asks first which cluster has it: the answer is the name by which the
	// service was called.
	_, err = cs.DataProxy().CreateUploadLocation(ctx, &dataproxypb.CreateUploadLocationRequest{
		Project: "demo", Domain: "development", Filename: "f", ContentMd5: make([]byte, 16),
	})
	if status.Code(err) != codes.NotFound { // there is no such project
		return fmt.Errorf("an upload: %w, want the backend's NotFound", err)
	}
	return nil
}

func TestAProgramNamesAServiceBehindXDS(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 2)
	p := newControlPlane(t, service, f.shares(1, 1)...)
	dir := t.TempDir()
	pem := f.issuer.CACertPEM()
	for _, b := range f.backends {
		pem = append(pem, b.CACertPEM()...)
	}
	for name, content := range map[string][]byte{"ca.pem": pem, "secret": []byte(f.issuer.ClientSecret())} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), programVariable+"="+dir, "CLIENT_ID="+f.issuer.ClientID(),
		"GRPC_XDS_BOOTSTRAP_CONFIG="+string(p.bootstrap(t)))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	counts := f.counts()
	for limit := time.Now().Add(patience); slices.Contains(counts, 0) && time.Now().Before(limit); counts = f.counts() {
		time.Sleep(10 * time.Millisecond)
	}
	_ = stdin.Close()
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for i, n := range counts {
		if n == 0 {
			t.Errorf("backend %d got no calls", i)
		}
	}
	if strings.Contains(out.String(), "level=WARN") {
		t.Errorf("the log has a warning:\n%s", out.String())
	}
}
