package browser_test

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/jetway-go/jetway/internal/browser"
)

const page = "https://idp.example/?a=b"

// launcher records what would be started; every program fails, so that all show.
func launcher(goos string, wsl bool, env map[string]string) (browser.Launcher, *[][]string) {
	var started [][]string
	return browser.Launcher{
		GOOS:   goos,
		Getenv: func(name string) string { return env[name] },
		WSL:    func() bool { return wsl },
		Start: func(_ context.Context, argv []string) error {
			started = append(started, argv)
			return errors.New("not there: " + argv[0])
		},
	}, &started
}

func TestPrograms(t *testing.T) {
	t.Parallel()
	linux := [][]string{{"xdg-open", page}, {"x-www-browser", page}}
	tests := map[string]struct {
		goos, chosen string
		want         [][]string
	}{
		"linux":                  {"linux", "", linux},
		"freebsd":                {"freebsd", "", linux},
		"darwin":                 {"darwin", "", [][]string{{"open", page}}},
		"windows":                {"windows", "", [][]string{{"rundll32.exe", "url.dll,FileProtocolHandler", page}}},
		"chosen":                 {"darwin", "firefox", [][]string{{"firefox", page}, {"open", page}}},
		"chosen with a place":    {"darwin", "firefox --new-tab %s -x", [][]string{{"firefox", "--new-tab", page, "-x"}, {"open", page}}},
		"place inside a word":    {"darwin", "b --url=%s", [][]string{{"b", "--url=" + page}, {"open", page}}},
		"several":                {"darwin", "one:two -a::", [][]string{{"one", page}, {"two", "-a", page}, {"open", page}}},
		"no shell":               {"darwin", "b ;rm $(x)", [][]string{{"b", ";rm", "$(x)", page}, {"open", page}}},
		"address as the program": {"darwin", "%s", [][]string{{"open", page}}},
	}
	for name, tc := range tests {
		l, started := launcher(tc.goos, false, map[string]string{"BROWSER": tc.chosen})
		err := l.Open(t.Context(), page)
		if diff := cmp.Diff(tc.want, *started); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if err == nil || !strings.Contains(err.Error(), "not there: "+tc.want[0][0]) {
			t.Errorf("%s: got %v, want to hear of every program", name, err)
		}
	}
}

// A person writes the path of a browser as it is, or as in a shell.
func TestAPathOfABrowserMayContainSpaces(t *testing.T) {
	t.Parallel()
	const mac, win = "/Applications/My Browser.app/run", `C:\Program Files\b.exe`
	there := map[string]bool{mac: true, win: true, "/opt/a:b c/run": true, "firefox": true, "My Browser": true}
	tests := map[string]struct {
		goos, chosen string
		want         [][]string
	}{
		"the whole value":          {"darwin", mac, [][]string{{mac, page}}},
		"blanks around it":         {"darwin", " " + mac + "\n", [][]string{{mac, page}}},
		"in PATH":                  {"darwin", "My Browser", [][]string{{"My Browser", page}}},
		"with a separator":         {"darwin", "/opt/a:b c/run", [][]string{{"/opt/a:b c/run", page}}},
		"one of several":           {"darwin", mac + ":firefox -a", [][]string{{mac, page}, {"firefox", "-a", page}}},
		"Windows":                  {"windows", win, [][]string{{win, page}}},
		"one of several, Windows":  {"windows", "a.exe;" + win, [][]string{{"a.exe", page}, {win, page}}},
		"double quotes":            {"darwin", `"` + mac + `" --tab %s`, [][]string{{mac, "--tab", page}}},
		"single quotes":            {"darwin", `'` + mac + `' '%s' "a b"`, [][]string{{mac, page, "a b"}}},
		"quotes, Windows":          {"windows", `"` + win + `" -u "%s";b`, [][]string{{win, "-u", page}, {"b", page}}},
		"backslash":                {"darwin", `/Applications/My\ Browser.app/run -a`, [][]string{{mac, "-a", page}}},
		"backslash before letters": {"darwin", `b \a`, [][]string{{"b", `\a`, page}}},
		"quoted separator":         {"darwin", `"/opt/a:b c/run" -a:b`, [][]string{{"/opt/a:b c/run", "-a", page}, {"b", page}}},
		"a quote alone":            {"darwin", `it's -a`, [][]string{{"it's", "-a", page}}},
		"empty quotes":             {"darwin", `"" x`, nil},
		"quotes around a place":    {"darwin", `"%s" x`, nil},
		"no such path":             {"darwin", "/no such/browser", [][]string{{"/no", "such/browser", page}}},
	}
	for name, tc := range tests {
		l, started := launcher(tc.goos, false, map[string]string{"BROWSER": tc.chosen})
		l.LookPath = func(file string) (string, error) {
			if !there[file] {
				return "", errors.New("not there")
			}
			return file, nil
		}
		_ = l.Open(t.Context(), page)
		if diff := cmp.Diff(tc.want, (*started)[:len(*started)-1], cmpopts.EquateEmpty()); diff != "" { // the last one is the system's
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestWSLReachesWindows(t *testing.T) {
	t.Parallel()
	l, started := launcher("linux", true, nil)
	if err := l.Open(t.Context(), "https://idp.example/?a='&b"); err == nil {
		t.Fatal("no error, though nothing could be started")
	}
	if len(*started) != 4 || (*started)[0][0] != "wslview" || (*started)[1][0] != "powershell.exe" || (*started)[2][0] != "xdg-open" {
		t.Fatalf("started %v", *started)
	}
	argv := (*started)[1]
	raw, err := base64.StdEncoding.DecodeString(argv[len(argv)-1])
	if err != nil {
		t.Fatal(err)
	}
	units := make([]uint16, len(raw)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(raw[2*i:])
	}
	if got := string(utf16.Decode(units)); got != "Start-Process 'https://idp.example/?a=%27&b'" {
		t.Errorf("the command is %q", got)
	}
}

func TestFirstProgramThatStartsIsEnough(t *testing.T) {
	t.Parallel()
	l, started := launcher("linux", false, nil)
	fail := l.Start
	l.Start = func(ctx context.Context, argv []string) error {
		if argv[0] == "x-www-browser" {
			*started = append(*started, argv)
			return nil
		}
		return fail(ctx, argv)
	}
	if err := l.Open(t.Context(), page); err != nil || len(*started) != 2 {
		t.Errorf("got %v after %v", err, *started)
	}
}

func TestNothingIsStartedForABadAddress(t *testing.T) {
	t.Parallel()
	l, started := launcher("linux", true, map[string]string{"BROWSER": "b"})
	for _, address := range []string{"file:///etc/passwd", "javascript:x", "-flag", "https://u@h", "\nhttps://h"} {
		if err := l.Open(t.Context(), address); err == nil {
			t.Errorf("%q was opened", address)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Open(ctx, page); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the error of the context", err)
	}
	if len(*started) != 0 {
		t.Errorf("started %v", *started)
	}
}

func TestUnderWSL(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"WSL_DISTRO_NAME", "WSL_INTEROP"} {
		if !browser.UnderWSL(func(asked string) string { return strings.Repeat("x", strings.Count(asked, name)) }) {
			t.Errorf("%s is not recognised", name)
		}
	}
}
