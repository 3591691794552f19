package command

import (
	"cmp"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/jetway-go/jetway/cmd/jetway/internal/show"
)

// Version is set by the linker for the binaries of a release.
var Version string //nolint:gochecknoglobals // the linker can set nothing else

// version is what jetway version prints.
type version struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Modified bool   `json:"modified,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func newVersion(a *App) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  jetway version -o json",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return a.printVersion() },
	}
}

func (a *App) printVersion() error {
	v := thisVersion()
	return a.print(show.View{
		Value:   v,
		Columns: []string{"version", "revision", "go", "platform"},
		Rows:    [][]string{{v.Version, v.Revision, v.Go, v.Platform}},
	})
}

// thisVersion is what the Go toolchain noted when it built the program.
func thisVersion() version {
	v := version{Version: cmp.Or(Version, "(devel)"), Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if Version == "" && info.Main.Version != "" {
		v.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Revision = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}
