package mock

import (
	"fmt"
	"io"
	"net"
	"net/netip"

	"github.com/jetway-go/jetway/cmd/jetway/internal/show"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/console"
)

// consoleLog is how many requests the mock keeps for its console.
const consoleLog = 4096

// localOnly reports whether the addresses are ones that only this machine reaches. It is
// about the console that --demo turns on: one that was asked for refuses other addresses.
func (f *Flags) localOnly() bool {
	addresses := []string{f.httpAddress}
	if f.unix == "" {
		addresses = append(addresses, f.address)
	}
	for _, address := range addresses {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return false
		}
		if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.Unmap().IsLoopback()) {
			return false
		}
	}
	return true
}

// openConsole attaches the console and returns the address that opens it; empty without one.
// Another address goes to people when that one was used; a program that reads how to connect
// expects nothing more.
func openConsole(server *mockserver.Server, f *Flags, stdout io.Writer) (string, error) {
	if !f.console {
		return "", nil
	}
	var options []console.Option
	if f.Format != show.JSON && f.Format != show.YAML {
		options = append(options, console.WithReopen(func(address string) {
			_, _ = fmt.Fprint(stdout, lines([][2]string{{"console", address}})) // the mock goes on all the same
		}))
	}
	page, err := console.Attach(server, options...)
	if err != nil {
		return "", err
	}
	return page.Address(), nil
}
