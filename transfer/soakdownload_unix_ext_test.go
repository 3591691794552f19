//go:build unix

package transfer_test

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/jetway-go/jetway/transfer"
)

// BenchmarkDownloadBesideCurl compares a download to a file with curl's, in turn, from a
// server in another process. It needs curl. The figures are medians: what the disk does
// with the files meanwhile is a part of both. The bounds hold for a GiB: see make soak.
func BenchmarkDownloadBesideCurl(b *testing.B) {
	size := sizeOf(b, 8<<20)
	rounds := roundsOf(b)
	content := filepath.Join(b.TempDir(), "content")
	fill(b, content, size)
	for how, bound := range map[string]float64{"plain": 0.8, "tls": 1.0} {
		b.Run(how, func(b *testing.B) {
			host, certificate := serveBeside(b, how+" "+content)
			b.Setenv("SSL_CERT_FILE", certificate) // read by Go once, at the first handshake
			url, path := host+"/object", filepath.Join(b.TempDir(), "out")
			var curls, curlCPUs, ours, cpus []float64
			for range b.N * rounds {
				theirs, theirCPU := curl(b, certificate, "-o", path, url)
				remove(b, path, size)
				begun, cpu := time.Now(), cpuTime()
				if _, err := transfer.New(nil).DownloadFile(b.Context(), transfer.Link{URL: url}, path); err != nil {
					b.Fatal(err)
				}
				ours, cpus = append(ours, time.Since(begun).Seconds()), append(cpus, cpuTime()-cpu)
				curls, curlCPUs = append(curls, theirs), append(curlCPUs, theirCPU)
				remove(b, path, size)
			}
			begun := time.Now()
			if _, err := transfer.New(nil, transfer.WithSync()).DownloadFile(b.Context(), transfer.Link{URL: url}, path); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(time.Since(begun).Seconds(), "synced-s")
			beside := median(ours) / median(curls)
			b.ReportMetric(median(ours), "s")
			b.ReportMetric(beside, "file/curl")
			b.ReportMetric(slices.Min(ours)/slices.Min(curls), "least/curl-least")
			b.ReportMetric(median(cpus)/median(curlCPUs), "CPU/curl-CPU")
			b.ReportMetric(0, "ns/op")
			if size >= 1<<30 && beside > bound {
				b.Errorf("the download takes %.2f times as long as curl, want %.1f", beside, bound)
			}
		})
	}
}

// BenchmarkDownloadMemory measures the peak of a process that downloads one file, of the
// size given and of four times that.
func BenchmarkDownloadMemory(b *testing.B) {
	benchMemory(b, func(host, path string) string { return "download " + host + "/object " + path + ".out" })
}

// roundsOf returns how often each of the two is measured: JETWAY_TEST_TRANSFER_ROUNDS, or 7.
func roundsOf(b *testing.B) int {
	b.Helper()
	text := os.Getenv("JETWAY_TEST_TRANSFER_ROUNDS")
	if text == "" {
		return 7
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// remove removes a file, which must be whole.
func remove(b *testing.B, path string, size int64) {
	b.Helper()
	info, err := os.Stat(path)
	if err != nil || info.Size() != size {
		b.Fatalf("%v, %v; want %d bytes", info, err, size)
	}
	if err := os.Remove(path); err != nil {
		b.Fatal(err)
	}
}

func median(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}
