//go:build unix

package transfer_test

import (
	"bufio"
	"context"
	"crypto/md5"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"

	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	"github.com/jetway-go/jetway/transfer"
)

// playPart is what this program does as a child of a measurement; it returns its exit code.
func playPart(part string) int {
	switch name, arg, _ := strings.Cut(part, " "); name {
	case "serve":
		how, path, _ := strings.Cut(arg, " ")
		srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				w.Header().Set("ETag", `"e"`)
				http.ServeFile(w, r, path)
				return
			}
			if how == "plain" && r.ContentLength > 0 {
				swallow(w, r.ContentLength)
				return
			}
			buf := make([]byte, 1<<20) // so that it is not the server that is measured
			for err := error(nil); err == nil; {
				_, err = r.Body.Read(buf)
			}
		}))
		if how == "tls" {
			srv.StartTLS()
			fmt.Println(strconv.Quote(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}))))
		} else {
			srv.Start()
			fmt.Println(`""`)
		}
		fmt.Println(srv.URL)
		_, _ = io.Copy(io.Discard, os.Stdin) // until the parent ends
		return 0
	case "upload":
		host, path, _ := strings.Cut(arg, " ")
		if _, err := transfer.New(&stub{host: host}).UploadFile(context.Background(), demo, path); err != nil {
			fmt.Println(err)
			return 1
		}
		fmt.Println(peakMemory())
		return 0
	case "download":
		url, path, _ := strings.Cut(arg, " ")
		if _, err := transfer.New(nil).DownloadFile(context.Background(), transfer.Link{URL: url}, path); err != nil {
			fmt.Println(err)
			return 1
		}
		fmt.Println(peakMemory())
		return 0
	default:
		return 2
	}
}

// swallow takes the n bytes of a body from the connection of w and answers. The kernel throws
// them away where it can: with two processors a server that copies them is slower than the
// sender, and it is the sender that is measured.
func swallow(w http.ResponseWriter, n int64) {
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "HTTP/1.1 100 Continue\r\n\r\n")
	early, _ := buffered.Reader.Discard(int(min(n, int64(buffered.Reader.Buffered()))))
	if err := throwAway(conn.(*net.TCPConn), n-int64(early)); err != nil {
		fmt.Fprintln(os.Stderr, "discard:", err)
		return
	}
	_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

// peakMemory returns how many bytes of memory this process had at most; 0 where the system
// does not say.
func peakMemory() int64 {
	text, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kib << 10
		}
	}
	return 0
}

func child(b *testing.B, part string) *exec.Cmd {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.CommandContext(b.Context(), self)
	cmd.Env = append(os.Environ(), childEnv+"="+part)
	cmd.Stderr = os.Stderr
	return cmd
}

// serveBeside starts a storage host in another process, which sends the file of which how
// has the path. It returns its URL and the file with its certificate; empty without TLS.
func serveBeside(b *testing.B, how string) (host, certificate string) {
	b.Helper()
	cmd := child(b, "serve "+how)
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() })
	lines := bufio.NewScanner(out)
	lines.Scan()
	text, err := strconv.Unquote(lines.Text())
	if err != nil {
		b.Fatal(err)
	}
	lines.Scan()
	if text != "" {
		certificate = write(b, filepath.Join(b.TempDir(), "ca.pem"), text)
	}
	return lines.Text(), certificate
}

// whole notes when the digest was ready, which is when the URL is signed.
type whole struct {
	stub

	at  time.Time
	cpu float64
}

func (w *whole) CreateUploadLocation(
	ctx context.Context, req *dataproxypb.CreateUploadLocationRequest, opts ...grpc.CallOption,
) (*dataproxypb.CreateUploadLocationResponse, error) {
	w.at, w.cpu = time.Now(), cpuTime()
	return w.stub.CreateUploadLocation(ctx, req, opts...)
}

// BenchmarkUploadBesideCurl compares an upload with curl's, in the same rounds, against a
// server in another process. It needs curl. The figures are the least of the rounds: what
// else the machine does can only add to them. The bounds hold for a GiB: see make soak.
func BenchmarkUploadBesideCurl(b *testing.B) {
	const rounds = 7
	size := sizeOf(b, 8<<20)
	path := filepath.Join(b.TempDir(), "content")
	fill(b, path, size)
	for how, bound := range map[string]float64{"plain": 0.6, "tls": 1.1} {
		b.Run(how, func(b *testing.B) {
			host, certificate := serveBeside(b, how)
			b.Setenv("SSL_CERT_FILE", certificate) // read by Go once, at the first handshake
			var curls, curlCPUs, hashes, hashCPUs, puts, putCPUs, alls []float64
			for range b.N * rounds {
				curl, curlCPU := curlUpload(b, host, certificate, path)
				hash, hashCPU := hashTime(b, path)
				dp := &whole{stub: stub{host: host}}
				begun := time.Now()
				if _, err := transfer.New(dp).UploadFile(b.Context(), demo, path); err != nil {
					b.Fatal(err)
				}
				curls, curlCPUs = append(curls, curl), append(curlCPUs, curlCPU)
				hashes, hashCPUs = append(hashes, hash), append(hashCPUs, hashCPU)
				puts, putCPUs = append(puts, time.Since(dp.at).Seconds()), append(putCPUs, cpuTime()-dp.cpu)
				alls = append(alls, time.Since(begun).Seconds())
			}
			put, hash := slices.Min(puts), slices.Min(hashes)
			busy := hash / slices.Min(hashCPUs) // a digest waits for nothing but a processor
			for _, m := range []struct {
				name      string
				got, most float64
			}{
				{"PUT/curl", put / slices.Min(curls), bound},
				{"CPU:PUT/curl", slices.Min(putCPUs) / slices.Min(curlCPUs), bound},
				{"all/(hash+PUT)", slices.Min(alls) / (hash + put), 1.1},
			} {
				b.ReportMetric(m.got, m.name)
				if size >= 1<<30 && m.got > m.most {
					b.Errorf("%s is %.2f, want %.1f at most; a digest took %.2f times its processor time (far over 1: the machine is busy, measure again)",
						m.name, m.got, m.most, busy)
				}
			}
			// Over loopback BBR paces what sendfile could send faster.
			control, _ := os.ReadFile("/proc/sys/net/ipv4/tcp_congestion_control")
			b.Logf("congestion control %s; seconds: curl %.2f, PUT %.2f; processor: curl %.2f, PUT %.2f; digest %.2f",
				strings.TrimSpace(string(control)), slices.Min(curls), put, slices.Min(curlCPUs), slices.Min(putCPUs), hash)
			b.ReportMetric(put, "s/PUT")
			b.ReportMetric(hash, "s/hash")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// cpuTime returns the processor time of this process in seconds.
func cpuTime() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// BenchmarkUploadMemory measures the peak of a process that uploads one file, of the size
// given and of four times that.
func BenchmarkUploadMemory(b *testing.B) {
	benchMemory(b, func(host, path string) string { return "upload " + host + " " + path })
}

// benchMemory measures a child that plays a part with a file, which the host sends too.
func benchMemory(b *testing.B, part func(host, path string) string) {
	b.Helper()
	for _, times := range []int64{1, 4} {
		size := sizeOf(b, 8<<20) * times
		b.Run(fmt.Sprintf("MiB=%d", size>>20), func(b *testing.B) {
			for _, how := range []string{"plain", "tls"} {
				path := sparse(b, size)
				host, certificate := serveBeside(b, how+" "+path)
				b.Setenv("SSL_CERT_FILE", certificate)
				out, err := child(b, part(host, path)).Output()
				if err != nil {
					b.Fatalf("%v: %s", err, out)
				}
				peak, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(peak>>20), "MiB-"+how)
				if peak > 40<<20 {
					b.Errorf("%s: the process had %d MiB, want 40 at most", how, peak>>20)
				}
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

func fill(b *testing.B, path string, size int64) {
	b.Helper()
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	part := []byte(pattern(1 << 20))
	for size > 0 {
		n, err := f.Write(part[:min(size, int64(len(part)))])
		if err != nil {
			b.Fatal(err)
		}
		size -= int64(n)
	}
	if err := f.Sync(); err != nil { // so that no write is under way while something is timed
		b.Fatal(err)
	}
}

func curlUpload(b *testing.B, host, certificate, path string) (seconds, cpu float64) {
	b.Helper()
	return curl(b, certificate, "-H", "Expect:", "-o", os.DevNull, "-T", path, host+"/object")
}

func curl(b *testing.B, certificate string, args ...string) (seconds, cpu float64) {
	b.Helper()
	args = append([]string{"-sS", "--fail", "--noproxy", "*", "-w", "%{time_total}"}, args...)
	if certificate != "" {
		args = append(args, "--cacert", certificate)
	}
	cmd := exec.CommandContext(b.Context(), "curl", args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		b.Fatalf("curl: %v", err)
	}
	seconds, err = strconv.ParseFloat(string(out), 64)
	if err != nil {
		b.Fatal(err)
	}
	return seconds, (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
}

func hashTime(b *testing.B, path string) (seconds, cpu float64) {
	b.Helper()
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	begun, before := time.Now(), cpuTime()
	if _, err := io.Copy(md5.New(), f); err != nil {
		b.Fatal(err)
	}
	return time.Since(begun).Seconds(), cpuTime() - before
}
