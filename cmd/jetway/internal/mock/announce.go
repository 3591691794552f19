package mock

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/jetway-go/jetway/cmd/jetway/internal/show"
	"github.com/jetway-go/jetway/mockserver"
)

// announce writes the files that the flags name, the ready file last of them, and prints how
// to connect.
func announce(server *mockserver.Server, f *Flags, page string, stdout io.Writer) error {
	facts, err := connection(server, f, page)
	if err != nil {
		return err
	}
	if err := f.writeReady(facts); err != nil {
		return err
	}
	if err := write(stdout, f.Format, facts); err != nil {
		return errors.Join(fmt.Errorf("print how to connect: %w", err), f.clearReady())
	}
	return nil
}

// connection returns how to connect, with the address of the console unless that is empty, and
// writes the certificates for it.
func connection(server *mockserver.Server, f *Flags, page string) ([][2]string, error) {
	facts := [][2]string{
		{"endpoint", server.URL()},
		{"grpc target", server.Endpoint()},
		{"issuer", server.Issuer()},
		{"http", server.HTTPURL()},
		{"client id", server.ClientID()},
		{"client secret", server.ClientSecret()},
		{"login", server.Login()},
		{"password", server.Password()},
	}
	if f.printsMachine(server) {
		facts = append(facts, [2]string{"api key", server.APIKey()})
	}
	facts = append(facts, ports(server)...)
	if f.data != "" {
		facts = append(facts, [2]string{"data", f.data})
	}
	if f.control {
		facts = append(facts, [2]string{"control secret", f.controlSecret})
	}
	if f.caFile != "" {
		if err := os.WriteFile(f.caFile, server.CACertPEM(), 0o600); err != nil {
			return nil, unwritten("CA certificate", err)
		}
		facts = append(facts, [2]string{"ca file", f.caFile})
	}
	if f.clientCertFile != "" {
		text, err := server.ClientCertificatePEM()
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(f.clientCertFile, text, 0o600); err != nil {
			return nil, unwritten("client certificate", err)
		}
		facts = append(facts, [2]string{"client cert", f.clientCertFile})
	}
	if page != "" {
		facts = append(facts, [2]string{"console", page})
	}
	facts = append(facts, commands(server, f)...)
	facts = append(facts, [2]string{"go", goLine(server, f)})
	return append(facts, settings(server, f)...), nil
}

// ports returns the numbers of the ports, for scripts.
func ports(server *mockserver.Server) (out [][2]string) {
	for _, at := range [][2]string{{"grpc port", server.URL()}, {"http port", server.HTTPURL()}} {
		if u, err := url.Parse(at[1]); err == nil && u.Port() != "" {
			out = append(out, [2]string{at[0], u.Port()})
		}
	}
	return out
}

// commands are lines to paste into a shell: a profile of the command jetway for this
// server, and a login. A client certificate or a proxy's token has no place in a profile.
func commands(server *mockserver.Server, f *Flags) [][2]string {
	if f.clientCertFile != "" || f.proxyToken != "" {
		return nil
	}
	add := "jetway profile add mock --replace --endpoint " + quoted(server.URL())
	if f.caFile != "" {
		add += " --ca-file " + quoted(absolute(f.caFile))
	}
	switch {
	case f.demo:
		add += " --project " + demoProject + " --domain " + demoDomain
	case len(f.projects) > 0:
		add += " --project " + quoted(f.projects[0]) + " --domain " + demoDomain
	case f.seeds != nil && f.seeds.FirstProject() != "":
		add += " --project " + quoted(f.seeds.FirstProject()) + " --domain " + demoDomain
	}
	out := [][2]string{{"set up", add + " && jetway profile use mock"}}
	switch {
	case f.open:
	case f.printsMachine(server):
		out = append(out, [2]string{"log in", "echo " + server.APIKey() + " | jetway login --profile mock --api-key-stdin"})
	default:
		out = append(out, [2]string{"log in", "jetway login --profile mock"})
	}
	return out
}

// printsMachine reports whether the client that the command prints can log in by itself, which
// an API key needs: a seed file may begin with a public client, or with one for people only.
func (f *Flags) printsMachine(server *mockserver.Server) bool {
	if server.ClientSecret() == "" {
		return false
	}
	if f.seeds == nil {
		return true
	}
	for _, c := range f.seeds.Clients() {
		if c.ID == server.ClientID() {
			return len(c.Grants) == 0 || slices.Contains(c.Grants, "client_credentials")
		}
	}
	return true
}

// quoted is text as a word of a shell.
func quoted(text string) string {
	if !strings.ContainsFunc(text, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_./:@%+=", r)
	}) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// write prints facts: a line each, or an object with keys such as client_id.
func write(stdout io.Writer, format show.Format, facts [][2]string) error {
	if format != show.JSON && format != show.YAML {
		_, err := io.WriteString(stdout, lines(facts))
		return err
	}
	values := make(map[string]string, len(facts))
	for _, fact := range facts {
		values[strings.ReplaceAll(fact[0], " ", "_")] = fact[1]
	}
	if format == show.JSON {
		return show.Line(stdout, values)
	}
	return show.Print(stdout, show.YAML, show.View{Value: values})
}

// goLine returns the line of Go that makes a client for the server.
func goLine(server *mockserver.Server, f *Flags) string {
	made, from := "ForAPIKey", server.APIKey()
	if !f.printsMachine(server) {
		made, from = "ForEndpoint", server.URL()
	}
	args := []string{fmt.Sprintf("%q", from)}
	if f.caFile != "" {
		args = append(args, fmt.Sprintf("clientset.WithCAFile(%q)", f.caFile))
	}
	if f.clientCertFile != "" {
		args = append(args, fmt.Sprintf("clientset.WithClientCertificate(%[1]q, %[1]q)", f.clientCertFile))
	}
	if f.proxyToken != "" {
		args = append(args, fmt.Sprintf("clientset.WithProxyFlow(flow.StaticToken(%q), nil)", f.proxyToken))
	}
	return "cs, err := clientset." + made + "(" + strings.Join(args, ", ") + ")"
}

// lines returns one fact per line, and behind them what takes several.
func lines(facts [][2]string) string {
	var b, blocks strings.Builder
	for _, fact := range facts {
		if strings.Contains(fact[1], "\n") || fact[0] == "curl" {
			fmt.Fprintf(&blocks, "\n%s\n    %s\n", fact[0], strings.ReplaceAll(fact[1], "\n", "\n    "))
			continue
		}
		fmt.Fprintf(&b, "%-14s %s\n", fact[0], fact[1])
	}
	return b.String() + blocks.String()
}

// unwritten is the error of a file that a flag names. One that cannot be opened is the wrong
// one; a disk that is full is not.
func unwritten(what string, err error) error {
	failed := fmt.Errorf("write the %s: %w", what, err)
	if of, ok := errors.AsType[*fs.PathError](err); ok && of.Op == "open" {
		return &misuse{failed}
	}
	return failed
}
