package loopback

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
)

// freePortTries is how often a free port of one family is looked for that is
// free in the other family too.
const freePortTries = 10

// listen opens the first of the ports that is free in every family needed.
func listen(ctx context.Context, r redirect, ports []int) (redirect, []net.Listener, error) {
	choices, err := r.choices(ports)
	if err != nil {
		return r, nil, err
	}
	hosts := r.hosts(r.host != "localhost" || hasIPv6(ctx))
	var errs []error
	for _, port := range choices {
		tries := 1
		if port == 0 && len(hosts) > 1 {
			tries = freePortTries
		}
		for range tries {
			listeners, bound, err := listenAll(ctx, hosts, port)
			if err == nil {
				r.port = bound
				return r, listeners, nil
			}
			errs = append(errs, err)
		}
	}
	return r, nil, fmt.Errorf("no port to listen on is free: %w", errors.Join(errs...))
}

// listenAll opens one port on every host, or on none: another program that listens on
// one of them could receive the redirect.
func listenAll(ctx context.Context, hosts []string, port int) (opened []net.Listener, bound int, err error) {
	var lc net.ListenConfig
	for _, host := range hosts {
		l, err := lc.Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err != nil {
			for _, l := range opened {
				_ = l.Close()
			}
			return nil, 0, err
		}
		opened = append(opened, l)
		if addr, ok := l.Addr().(*net.TCPAddr); ok {
			port = addr.Port
		}
	}
	return opened, port, nil
}

// hasIPv6 reports whether this machine has ::1; containers often do not.
func hasIPv6(ctx context.Context) bool {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "[::1]:0")
	if err != nil {
		return false
	}
	_ = l.Close()
	return true
}
