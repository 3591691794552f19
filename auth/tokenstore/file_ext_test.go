package tokenstore_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore"
)

// fixture is a FileStore with one login in it and a logger that is heard.
type fixture struct {
	*tokenstore.FileStore
	key  auth.Key
	file string
	log  *bytes.Buffer
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	f := fixture{key: keys()[0], log: &bytes.Buffer{}}
	f.FileStore = &tokenstore.FileStore{Dir: filepath.Join(t.TempDir(), "credentials"), Logger: slog.New(slog.NewTextHandler(f.log, nil))}
	if err := f.Store(t.Context(), f.key, canaries()); err != nil {
		t.Fatal(err)
	}
	f.file = filepath.Join(f.Dir, only(t, f.Dir))
	return f
}

func only(t *testing.T, dir string) string {
	t.Helper()
	names := list(t, dir)
	if len(names) != 1 {
		t.Fatalf("files %v, want one", names)
	}
	return names[0]
}

func list(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func (f fixture) overwrite(t *testing.T, content string) {
	t.Helper()
	if err := os.WriteFile(f.file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// wantNothing retrieves and expects no credentials and so many warnings so far.
func (f fixture) wantNothing(t *testing.T, warnings int, says string) {
	t.Helper()
	c, err := f.Retrieve(t.Context(), f.key)
	if c != nil || !errors.Is(err, auth.ErrNoCredentials) {
		t.Errorf("got %v, %v; want no credentials", c, err)
	}
	log := f.log.String()
	if n := strings.Count(log, "level=WARN"); n != warnings || !strings.Contains(log, says) || leaks(log) || leaks(err.Error()) {
		t.Errorf("%d warnings, want %d that say %q: %s", n, warnings, says, log)
	}
}

func TestFileStoreFormIsStable(t *testing.T) {
	t.Parallel()
	// The name and form below are on people's disks: a change of either logs
	// them out.
	f := newFixture(t)
	if got := filepath.Base(f.file); got != "2bbae6f7f71f033b38e4e23326ab2815.json" {
		t.Errorf("the file is called %s", got)
	}
	content, err := os.ReadFile(f.file)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"version":1,"key":{"endpoint":"flyte.example","client_id":"cli","flow":"pkce","user":"ann","profile":"p"},` +
		`"credentials":{"access_token":"` + accessCanary + `","refresh_token":"` + refreshCanary + `",` +
		`"expiry":"2031-05-06T07:08:09Z","client_id":"cli"}}` + "\n"
	if string(content) != want {
		t.Errorf("the file holds %s", content)
	}
}

func TestFileStoreKeepsEveryField(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	want := &auth.Credentials{AccessToken: "a b=c; é", RefreshToken: "r", TokenType: auth.Raw, HeaderKey: "cookie",
		Expiry: time.Date(2031, 5, 6, 7, 8, 9, 123456789, time.UTC), IssuedAt: time.Date(2031, 5, 6, 6, 8, 9, 0, time.UTC), ClientID: "other"}
	east := *want
	east.Expiry = want.Expiry.In(time.FixedZone("east", 3600))
	if err := f.Store(t.Context(), f.key, &east); err != nil {
		t.Fatal(err)
	}
	got, err := f.Retrieve(t.Context(), f.key)
	if diff := sameLogin(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

func TestFileStoreBadFiles(t *testing.T) {
	t.Parallel()
	good := func(change func(m map[string]any)) string {
		m := map[string]any{"version": 1,
			"key":         map[string]any{"endpoint": "flyte.example", "client_id": "cli", "flow": "pkce", "user": "ann", "profile": "p"},
			"credentials": map[string]any{"access_token": accessCanary}}
		change(m)
		b, _ := json.Marshal(m)
		return string(b)
	}
	for name, c := range map[string]struct{ content, says string }{
		"empty":            {"", "no JSON at byte 0"},
		"cut off":          {good(func(map[string]any) {})[:90], "no JSON"},
		"just a token":     {accessCanary, "no JSON"},
		"binary":           {"\x00\xff\xfe" + accessCanary, "no JSON"},
		"another program":  {`{"access_token":"` + accessCanary + `"}`, "unknown version"},
		"version text":     {`{"version":"` + accessCanary + `"}`, "version has the wrong type"},
		"version negative": {`{"version":-1}`, "unknown version"},
		"a list":           {`["` + accessCanary + `"]`, "not a stored login"},
		"token a number":   {good(func(m map[string]any) { m["credentials"] = map[string]any{"access_token": 12345} }), "access_token has the wrong type"},
		"time no time": {good(func(m map[string]any) {
			m["credentials"] = map[string]any{"access_token": "x", "expiry": accessCanary}
		}), "not a stored login"},
		"no token":    {good(func(m map[string]any) { m["credentials"] = nil }), "no token"},
		"newline":     {good(func(m map[string]any) { m["credentials"] = map[string]any{"access_token": accessCanary + "\n"} }), "access token contains a control character"},
		"another key": {good(func(m map[string]any) { m["key"].(map[string]any)["endpoint"] = "evil.example" }), "another key"},
		"no key":      {good(func(m map[string]any) { delete(m, "key") }), "another key"},
		"huge":        {good(func(m map[string]any) { m["padding"] = strings.Repeat("x", 1<<20) }), "larger than 1048576"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.overwrite(t, c.content)
			// Then it counts as no credentials, once with a warning,
			f.wantNothing(t, 1, c.says)
			f.wantNothing(t, 1, "")
			// lies aside unchanged,
			if kept, err := os.ReadFile(f.file + ".bad"); err != nil || string(kept) != c.content {
				t.Errorf("aside: %q, %v", kept, err)
			}
			// and does not hinder the next login.
			if err := f.Store(t.Context(), f.key, canaries()); err != nil {
				t.Error(err)
			}
			if got, err := f.Retrieve(t.Context(), f.key); err != nil || sameLogin(canaries(), got) != "" {
				t.Errorf("after a new login: %v, %v", got, err)
			}
		})
	}
}

func TestFileStoreIgnoresUnknownFields(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	content, err := os.ReadFile(f.file)
	if err != nil {
		t.Fatal(err)
	}
	f.overwrite(t, strings.Replace(string(content), "{", `{"later":{"x":[1]},`, 1))
	if got, err := f.Retrieve(t.Context(), f.key); err != nil || sameLogin(canaries(), got) != "" || f.log.Len() != 0 {
		t.Errorf("got %v, %v, %s", got, err, f.log)
	}
}

func TestFileStoreLeavesALaterVersionAlone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const later = `{"version":2,"key":"in another form"}`
	f.overwrite(t, later)
	f.wantNothing(t, 1, "later version")
	f.wantNothing(t, 1, "later version")
	if got := only(t, f.Dir); got != filepath.Base(f.file) {
		t.Errorf("it is now called %s", got)
	}
	if kept, err := os.ReadFile(f.file); err != nil || string(kept) != later {
		t.Errorf("it holds %q, %v", kept, err)
	}
	// A login here takes its place: otherwise this program would ask every time.
	if err := f.Store(t.Context(), f.key, canaries()); err != nil {
		t.Error(err)
	}
	if got, err := f.Retrieve(t.Context(), f.key); err != nil || sameLogin(canaries(), got) != "" {
		t.Errorf("after a login: %v, %v", got, err)
	}
}

func TestFileStoreKeepsAFewBadFilesOnly(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for i := range 10 {
		f.overwrite(t, "bad "+string(rune('0'+i)))
		f.wantNothing(t, i+1, "")
	}
	for name, want := range map[string]string{".bad": "bad 0", ".bad2": "bad 1", ".bad3": "bad 9"} {
		if got, err := os.ReadFile(f.file + name); err != nil || string(got) != want {
			t.Errorf("%s holds %q, %v; want %q", name, got, err, want)
		}
	}
	if names := list(t, f.Dir); len(names) != 3 {
		t.Errorf("files %v", names)
	}
	// A logout takes them along.
	if err := f.Delete(t.Context(), f.key); err != nil || len(list(t, f.Dir)) != 0 {
		t.Errorf("%v, files %v", err, list(t, f.Dir))
	}
}

func TestFileStoreSweepsUpAfterDeadProcesses(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	write := func(name string, age time.Duration) {
		path := filepath.Join(f.Dir, name)
		when := time.Now().Add(-age)
		if err := errors.Join(os.WriteFile(path, []byte(accessCanary), 0o600), os.Chtimes(path, when, when)); err != nil {
			t.Fatal(err)
		}
	}
	base := filepath.Base(f.file)
	write(base+".DEAD.tmp", time.Hour)
	write(base+".ALIVE.tmp", time.Second) // another process is at it
	write("other.json.DEAD.tmp", time.Hour)
	if err := f.Store(t.Context(), f.key, canaries()); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(list(t, f.Dir), " "); got != base+" "+base+".ALIVE.tmp other.json.DEAD.tmp" {
		t.Errorf("files %s", got)
	}
}

func TestFileStoreDeleteLeavesNoToken(t *testing.T) {
	t.Parallel()
	// Given a program that died a moment ago, between writing a login and putting
	// it in place, and a damaged file,
	f := newFixture(t)
	if err := os.WriteFile(f.file+".DEAD.tmp", []byte(refreshCanary), 0o600); err != nil {
		t.Fatal(err)
	}
	f.overwrite(t, refreshCanary)
	f.wantNothing(t, 1, "file was renamed")
	other := keys()[1]
	if err := f.Store(t.Context(), other, canaries()); err != nil {
		t.Fatal(err)
	}
	// then a logout removes all of it, and nothing of other keys.
	if err := f.Delete(t.Context(), f.key); err != nil {
		t.Error(err)
	}
	only(t, f.Dir)
	if _, err := f.Retrieve(t.Context(), other); err != nil {
		t.Error(err)
	}
}

func TestFileStoreDeleteMakesNoWriterFail(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	writing := func() bool {
		return slices.ContainsFunc(list(t, f.Dir), func(name string) bool { return strings.HasSuffix(name, ".tmp") })
	}
	// Given another program that logs out whenever it sees a login half written,
	// a few times,
	done := make(chan struct{})
	go func() {
		defer close(done)
		other := &tokenstore.FileStore{Dir: f.Dir}
		for n := 0; n < 10; {
			if !writing() {
				runtime.Gosched()
				continue
			}
			if err := other.Delete(t.Context(), f.key); err != nil {
				t.Error(err)
			}
			n++
		}
	}()
	// then every login is stored all the same, after the logout that it met.
	for deleting := true; deleting; {
		select {
		case <-done:
			deleting = false
		default:
		}
		if err := f.Store(t.Context(), f.key, canaries()); err != nil {
			t.Error(err)
		}
	}
	if got := only(t, f.Dir); got != filepath.Base(f.file) {
		t.Errorf("file %s", got)
	}
}

func TestFileStoreWritersNeverTear(t *testing.T) {
	t.Parallel()
	// Given stores that know nothing of each other, as in several processes,
	f := newFixture(t)
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			other := &tokenstore.FileStore{Dir: f.Dir}
			c := canaries()
			c.RefreshToken = strings.Repeat(string(rune('a'+i)), 1+i*20_000) // lengths differ widely
			for range 40 {
				if err := other.Store(t.Context(), f.key, c); err != nil {
					t.Error(err)
				}
			}
		})
	}
	// then a reader always sees a whole login,
	readers := sync.WaitGroup{}
	readers.Go(func() {
		reader := &tokenstore.FileStore{Dir: f.Dir}
		for ctx.Err() == nil {
			c, err := reader.Retrieve(t.Context(), f.key)
			if err != nil || c.AccessToken != accessCanary {
				t.Errorf("got %v, %v", c, err)
				return
			}
		}
	})
	wg.Wait()
	stop()
	readers.Wait()
	// and one file is left.
	only(t, f.Dir)
}

// endsLater is a context that ends when it is looked at for the second time.
type endsLater struct {
	context.Context
	looks *int
}

func (c endsLater) Err() error {
	if *c.looks++; *c.looks > 1 {
		return context.Canceled
	}
	return nil
}

func TestFileStoreOfACallerWhoLeavesHalfWay(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	err := f.Store(endsLater{t.Context(), new(int)}, f.key, &auth.Credentials{AccessToken: "new"})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if got, err := f.Retrieve(t.Context(), f.key); err != nil || sameLogin(canaries(), got) != "" {
		t.Errorf("the login before it: %v, %v", got, err)
	}
	only(t, f.Dir)
}

func TestFileStoreDirectoryInTheWay(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if err := errors.Join(os.Remove(f.file), os.Mkdir(f.file, 0o700)); err != nil {
		t.Fatal(err)
	}
	f.wantNothing(t, 1, "no regular file")
	if err := f.Store(t.Context(), f.key, canaries()); err != nil {
		t.Error(err)
	}

	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (&tokenstore.FileStore{Dir: file}).Store(t.Context(), f.key, canaries()); err == nil || !strings.Contains(err.Error(), "no directory") {
		t.Errorf("got %v", err)
	}
}
