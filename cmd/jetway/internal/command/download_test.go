package command

import (
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/jetway-go/jetway/transfer"
)

func TestNameOfALinkIsOneOfAFileInThisDirectory(t *testing.T) {
	t.Parallel()
	for link, want := range map[string]string{
		"https://s3.example.com/bucket/data.csv?X-Sig=secret": "data.csv",
		"https://h/a%20b.txt":              "a b.txt",
		"https://h/a/":                     "a",
		"https://h/%E2%82%AC.csv":          "€.csv",
		"https://h/..":                     "download",
		"https://h/.":                      "download",
		"https://h":                        "download",
		"https://h/.bashrc":                "bashrc",
		"https://h/x/%2e%2e%2f%2e%2e%2fy":  "y",
		"https://h/..%2f.ssh%2fid_rsa":     "id_rsa",
		"https://h/..%5c..%5cautoexec.bat": "autoexec.bat",
		"https://h/c:evil":                 "c_evil",
		"https://h/a%00b%0a%1b%5b2J":       "a_b__[2J",
		"https://h/%E2%80%AEgpj.exe":       "_gpj.exe",
		"https://h/-rf":                    "rf",
		"https://h/-.-x":                   "x",
		"https://h/CON":                    "download",
		"https://h/com1.txt":               "download",
		"https://h/nul .txt":               "download",
		"https://h/file.":                  "file",
		"https://h/%ff":                    "_",
		"://":                              "download",
		"https://h/" + strings.Repeat("x", 300) + ".csv": strings.Repeat("x", 196) + ".csv",
	} {
		if got := nameOf(transfer.Link{URL: link}); got != want {
			t.Errorf("%.60q is %q, want %q", link, got, want)
		}
	}
}

func FuzzNameOf(f *testing.F) {
	f.Add("https://h/..%2f..%5c\x00é")
	f.Fuzz(func(t *testing.T, text string) {
		got := nameOf(transfer.Link{URL: text})
		if got == "" || got != filepath.Base(got) || !filepath.IsLocal(got) || got[0] == '.' || got[0] == '-' || len(got) > maxName ||
			strings.ContainsAny(got, "/\\:\x00\n\x1b") || !utf8.ValidString(got) {
			t.Errorf("%q is %q", text, got)
		}
	})
}
