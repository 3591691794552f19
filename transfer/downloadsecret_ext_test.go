package transfer_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/jetway-go/jetway/clientset"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
	"github.com/jetway-go/jetway/transfer"
)

// linker has download links signed that lead to one host.
type linker struct {
	transfer.DataProxy

	url string
}

func (l linker) CreateDownloadLink(
	context.Context, *dataproxypb.CreateDownloadLinkRequest, ...grpc.CallOption,
) (*dataproxypb.CreateDownloadLinkResponse, error) {
	return &dataproxypb.CreateDownloadLinkResponse{PreSignedUrls: &dataproxypb.PreSignedURLs{
		SignedUrl: []string{l.url}, ExpiresAt: timestamppb.New(time.Now().Add(time.Hour)),
	}}, nil
}

// full is a jar with a cookie for every host.
type full struct{}

func (full) SetCookies(*url.URL, []*http.Cookie) {}
func (full) Cookies(*url.URL) []*http.Cookie {
	return []*http.Cookie{{Name: "session", Value: canary}} // not to be sent
}

// Two hosts: one redirects to another signed URL of the other. Neither must get a
// credential, a cookie or the URL of the other, though the client that a program shares
// with its login has them; and no secret must come out in any text.
func TestDownloadShowsNoSecretAnywhere(t *testing.T) {
	t.Parallel()
	const second = "second-canary-55aa3e1c"
	server := mocktest.New(t, mockserver.WithProject("demo"))
	cs, err := clientset.ForAPIKey(server.APIKey(), clientset.WithInsecure(), clientset.WithHTTPBase("http://127.0.0.1:1"))
	if err != nil {
		t.Fatal(err)
	}
	defer cs.Close()
	if err := cs.Login(t.Context()); err != nil {
		t.Fatal(err)
	}
	var (
		mu   sync.Mutex
		seen []string
		code atomic.Int32
	)
	note := func(r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		for name, values := range r.Header {
			seen = append(seen, name+": "+strings.Join(values, ","))
		}
	}
	store := storageHost(t, func(w http.ResponseWriter, r *http.Request) {
		note(r)
		if code := int(code.Load()); code != http.StatusOK {
			w.WriteHeader(code)
			fmt.Fprintf(w, "<Error><Code>Oh</Code><Message>%s %s</Message></Error>", r.URL.RawQuery, canary)
			return
		}
		w.Header().Set("ETag", `"e"`)
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader("hello"))
	})
	front := storageHost(t, func(w http.ResponseWriter, r *http.Request) {
		note(r)
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "of-the-front"}) // to be dropped
		http.Redirect(w, r, store.URL+"/real?X-Sig="+second, http.StatusTemporaryRedirect)
	})
	var texts []string
	check := func(what string) {
		t.Helper()
		mu.Lock()
		defer mu.Unlock()
		for _, text := range append(texts, seen...) {
			for _, secret := range []string{canary, second} {
				if strings.Contains(text, secret) {
					t.Errorf("%s: %q is in %s", what, secret, text)
				}
			}
		}
		for _, line := range seen {
			if name, _, _ := strings.Cut(line, ":"); strings.HasSuffix(name, "Authorization") || name == "Cookie" || name == "Referer" {
				t.Errorf("%s: the storage host was sent %s", what, line)
			}
		}
	}
	report := transfer.WithProgress(func(p transfer.Progress) { texts = append(texts, fmt.Sprintf("%+v", p)) })
	for what, c := range map[string]*transfer.Client{
		"own client":       transfer.New(linker{url: front.URL + "/key?X-Sig=" + canary}, report),
		"the login's":      transfer.New(linker{url: front.URL + "/key?X-Sig=" + canary}, report, transfer.WithHTTPClient(cs.HTTPClient())),
		"one with cookies": transfer.New(linker{url: front.URL + "/key?X-Sig=" + canary}, report, transfer.WithHTTPClient(&http.Client{Jar: full{}})),
	} {
		src := c.Source(&dataproxypb.CreateDownloadLinkRequest{})
		code.Store(http.StatusOK)
		var b bytes.Buffer
		got, err := c.Download(t.Context(), src, &b)
		if err != nil || b.String() != "hello" {
			t.Errorf("%s: %q, %v", what, b.String(), err)
		}
		l, err := src.Sign(t.Context())
		texts = append(texts, fmt.Sprintf("%v %+v %#v %v", got, l, l, err))
		for _, status := range []int32{http.StatusForbidden, http.StatusNotFound, http.StatusNoContent} {
			code.Store(status)
			_, err = c.DownloadFile(t.Context(), src, filepath.Join(t.TempDir(), "out"))
			if err == nil {
				t.Errorf("%s: no error with %d", what, status)
			}
			texts = append(texts, fmt.Sprintf("%v %+v %q", err, err, err))
		}
		check(what)
	}
	if len(seen) == 0 || len(texts) < 9 {
		t.Errorf("%d headers and %d texts were looked at", len(seen), len(texts))
	}
}
