package command

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/jetway-go/jetway/cmd/jetway/internal/connect"
	"github.com/jetway-go/jetway/cmd/jetway/internal/failure"
	"github.com/jetway-go/jetway/cmd/jetway/internal/profile"
	"github.com/jetway-go/jetway/cmd/jetway/internal/show"
	"github.com/jetway-go/jetway/internal/endpoint"
)

func newProfile(a *App) *cobra.Command {
	return group("profile", "Name the backends that you work with",
		newProfileList(a), newProfileUse(a), newProfileAdd(a), newProfileRemove(a))
}

// named is a profile as profile list shows it.
type named struct {
	Name    string `json:"name"`
	Current bool   `json:"current"`
	profile.Settings
}

func newProfileList(a *App) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the profiles", Example: "  jetway profile list", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, all, err := a.loadProfiles()
			if err != nil {
				return err
			}
			list := []named{}
			v := show.View{
				Columns: []string{"name", "current", "platform", "endpoint", "project", "domain"}, Names: []string{},
				Empty: "there are no profiles; jetway login --endpoint HOST makes one",
			}
			for _, name := range slices.Sorted(maps.Keys(all.Named)) {
				p := named{name, name == all.Current, all.Named[name]}
				mark := ""
				if p.Current {
					mark = "*"
				}
				list = append(list, p)
				v.Names = append(v.Names, name)
				v.Rows = append(v.Rows, []string{name, mark, p.Platform, p.Endpoint, p.Project, p.Domain})
			}
			v.Value = list
			return a.print(v)
		},
	}
}

func newProfileUse(a *App) *cobra.Command {
	return &cobra.Command{
		Use: "use NAME", Short: "Make a profile the current one",
		Long: "Makes a profile the current one. For one command --profile names another one, and for a shell the\n" +
			"variable JETWAY_PROFILE does.",
		Example: "  jetway profile use staging", Args: cobra.ExactArgs(1),
		ValidArgsFunction: a.completeProfiles,
		RunE: func(_ *cobra.Command, args []string) error {
			err := a.changeProfile(args[0], func(all *profile.Profiles) { all.Current = args[0] })
			if err != nil {
				return err
			}
			a.IO.Notef("Profile %q is the current one.", args[0])
			return nil
		},
	}
}

func newProfileAdd(a *App) *cobra.Command {
	var own, replace bool
	c := &cobra.Command{
		Use:   "add NAME",
		Short: "Add a profile with the settings of the other flags",
		Long: "Adds a profile with what the other flags say: --endpoint, --platform, --insecure, --ca-file,\n" +
			"--user, --client-id, --org, --project, --domain. The first one becomes the current one. A\n" +
			"profile has no secret in it.",
		Example: "  jetway profile add staging --endpoint staging.example.com --project demo --domain development",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			name := args[0]
			if err := profile.CheckName(name); err != nil {
				return failure.Exit(failure.Misuse, err, "")
			}
			s := a.settings.Settings
			s.OwnLogin, s.CAFile = own, absolute(s.CAFile)
			if err := checkSettings(s); err != nil {
				return err
			}
			return a.addProfile(name, s, replace)
		},
	}
	c.Flags().BoolVar(&own, "own-login", false, "keep its login apart from other logins at the same backend")
	c.Flags().BoolVar(&replace, "replace", false, "replace a profile of that name")
	return c
}

func newProfileRemove(a *App) *cobra.Command {
	return &cobra.Command{
		Use: "remove NAME", Short: "Remove a profile; its login stays", Example: "  jetway profile remove staging", Args: cobra.ExactArgs(1),
		ValidArgsFunction: a.completeProfiles,
		RunE: func(_ *cobra.Command, args []string) error {
			var last, ownLogin bool
			err := a.changeProfile(args[0], func(all *profile.Profiles) {
				ownLogin = all.Named[args[0]].OwnLogin
				delete(all.Named, args[0])
				if last = all.Current == args[0]; last {
					all.Current = ""
				}
			})
			if err != nil {
				return err
			}
			a.IO.Notef("Profile %q was removed.", args[0])
			if last {
				a.IO.Notef("There is no current profile now; jetway profile use NAME sets one.")
			}
			if ownLogin {
				a.IO.Notef("A login of its own is still stored; jetway logout --all deletes it.")
			}
			return nil
		},
	}
}

// addProfile stores a profile under a name that is free, unless it is to be replaced.
func (a *App) addProfile(name string, s profile.Settings, replace bool) error {
	file, _, err := a.loadProfiles()
	if err != nil {
		return err
	}
	there, current := false, false
	err = file.Change(func(all *profile.Profiles) bool {
		if _, there = all.Named[name]; there && !replace {
			return false
		}
		all.Named[name] = s
		all.Current = cmp.Or(all.Current, name)
		current = all.Current == name
		return true
	})
	switch {
	case err != nil:
		return failure.Exit(failure.Config, err, "")
	case there && !replace:
		return failure.Exit(failure.Conflict, fmt.Errorf("profile %q exists already", name), "add --replace, or choose another name")
	}
	a.IO.Notef("Profile %q is stored in %s.", name, file.Path())
	if !current {
		a.IO.Notef("To make it the current one: jetway profile use %s", name)
	}
	return nil
}

// changeProfile changes what there is about a profile that exists.
func (a *App) changeProfile(name string, change func(*profile.Profiles)) error {
	if name == "" { // which would be the current one
		return failure.Usage("the name of the profile is empty")
	}
	file, _, err := a.loadProfiles()
	if err != nil {
		return err
	}
	var missing error
	err = file.Change(func(all *profile.Profiles) bool {
		if _, _, missing = all.Get(name); missing == nil {
			change(all)
		}
		return missing == nil
	})
	if missing != nil {
		return failure.Exit(failure.NotFound, missing, "jetway profile list shows those that there are")
	}
	return failure.Exit(failure.Config, err, "")
}

// checkSettings returns an error for settings that no command could use.
func checkSettings(s profile.Settings) error {
	if s.Platform != "" && !slices.Contains(connect.Platforms(), s.Platform) {
		return failure.Usage("unknown platform %q: want one of %s", s.Platform, strings.Join(connect.Platforms(), ", "))
	}
	if s.Endpoint == "" {
		return nil
	}
	_, err := endpoint.Parse(s.Endpoint)
	if s.Platform != "" && s.Platform != connect.Flyte && strings.Contains(s.Endpoint, "://") {
		err = checkURL(s.Endpoint) // which may have a path
	}
	if err != nil {
		return failure.Usage("--endpoint: %w", err) // without the address, which may have a secret in it
	}
	return nil
}

// checkURL returns an error for an address of a platform with an HTTP API.
func checkURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "":
		return errors.New("want a URL such as https://host/path")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return errors.New("has user information, a query or a fragment in it; a profile has no secret in it")
	default:
		return nil
	}
}

// absolute returns the path of a file that commands in other directories find, too.
func absolute(path string) string {
	if path == "" {
		return ""
	}
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

func (a *App) loadProfiles() (profile.File, profile.Profiles, error) {
	file := a.profiles()
	all, err := file.Load()
	return file, all, failure.Exit(failure.Config, err, "")
}

func (a *App) completeProfiles(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	_, all, err := a.loadProfiles()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return slices.Sorted(maps.Keys(all.Named)), cobra.ShellCompDirectiveNoFileComp
}
