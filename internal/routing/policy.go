package routing

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/jetway-go/jetway/internal/endpoint"
)

// Policy decides which clusters may be called, and so receive the credentials and data of
// calls: what SelectCluster answers is only text. Allowed are, over TLS, the backend's own
// host, the names below its registrable domain (example.com of flyte.example.com, by the
// public suffix list) and Hosts. Where the backend itself is reached without TLS, its own
// host and Hosts are allowed without TLS, too.
//
// IP addresses have no registrable domain, and neither have names below a suffix that is
// not on the list, such as localhost or svc.cluster.local: it is not known who may
// register names there.
type Policy struct {
	// Home is the backend's own endpoint.
	Home endpoint.Endpoint
	// Aliases are other names under which the backend may know itself, such as the
	// :authority of calls.
	Aliases []string
	// Plaintext is set when the backend is reached without TLS.
	Plaintext bool
	// BarePlaintext is set when calls without TLS to other machines are allowed: they
	// carry no credentials, or those may be sent.
	BarePlaintext bool
	// Hosts are further hosts, see [ParseHosts].
	Hosts []string
}

// verdict is what a Policy says of an answer of SelectCluster.
type verdict struct {
	to        endpoint.Endpoint
	plaintext bool
	home      bool   // the backend itself
	refused   string // why not; empty: it may be called
}

// judge reads an address that SelectCluster has answered. No address means the backend.
func (p *Policy) judge(address string) verdict {
	if strings.TrimSpace(address) == "" {
		return verdict{home: true}
	}
	e, err := endpoint.Parse(address)
	switch {
	case err != nil:
		return verdict{refused: err.Error()}
	case e.Target != "dns:///"+e.Authority(): // a socket, say, or a name server, which are not a backend's to choose
		return verdict{refused: "it is not a host with a port"}
	}
	v := verdict{to: e, plaintext: e.Security == endpoint.Plaintext || e.Security == endpoint.Unset && p.Plaintext}
	own := p.isHome(e.Host)
	switch {
	case own && (e.Port == p.Home.Port || !e.HasPort()), p.isAlias(e.Host): // proxies cut the port off
		v.home = true
	case v.plaintext && !p.Plaintext && own: // a proxy in front has not said that it speaks TLS
		v.home = true
	case v.plaintext && !p.Plaintext:
		v.refused = "it is without TLS"
	case v.plaintext && !e.Local && !p.BarePlaintext:
		v.refused = "it is another machine, without TLS"
	case own, p.isListed(e.Host), !v.plaintext && p.isBelow(e.Host):
	default:
		v.refused = "it is on another domain than the backend; WithClusterHosts allows it"
	}
	return v
}

func (p *Policy) isHome(host string) bool {
	return p.Home.Host != "" && bare(host) == bare(p.Home.Host)
}

func (p *Policy) isAlias(host string) bool {
	return slices.ContainsFunc(p.Aliases, func(alias string) bool { return alias != "" && bare(alias) == bare(host) })
}

// isBelow reports whether host is on the registrable domain of the backend. A name below
// that may be on another one: yours.s3.amazonaws.com is not of the owner of amazonaws.com.
func (p *Policy) isBelow(host string) bool {
	domain := registrable(bare(p.Home.Host))
	return domain != "" && registrable(bare(host)) == domain
}

func (p *Policy) isListed(host string) bool {
	host = bare(host)
	return slices.ContainsFunc(p.Hosts, func(listed string) bool {
		if domain, below := strings.CutPrefix(listed, "*"); below {
			return strings.HasSuffix(host, domain)
		}
		return host == listed
	})
}

// registrable returns the domain that one owner has registered; "" where that is not known.
func registrable(host string) string {
	if _, err := netip.ParseAddr(host); err == nil {
		return ""
	}
	suffix, icann := publicsuffix.PublicSuffix(host)
	if !icann && !strings.Contains(suffix, ".") { // of no list
		return ""
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		return ""
	}
	return domain
}

// bare returns a host as it is compared: in lower case, without the dot at its end.
func bare(host string) string { return strings.ToLower(strings.TrimSuffix(host, ".")) }

// ParseHosts reads names of hosts, IP addresses, and "*." in front of a domain for all
// names below it.
func ParseHosts(hosts ...string) ([]string, error) {
	parsed := make([]string, 0, len(hosts))
	for _, text := range hosts {
		text = strings.TrimSpace(text)
		if ip, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil && ip.Zone() == "" {
			parsed = append(parsed, ip.String())
			continue
		}
		name, below := strings.CutPrefix(text, "*.")
		e, err := endpoint.Parse(name)
		if err != nil || bare(name) != bare(e.Host) {
			return nil, fmt.Errorf("%q: want a host without scheme and port, such as dp.example.com or *.example.com", text)
		}
		if name = bare(name); below {
			name = "*." + name
		}
		parsed = append(parsed, name)
	}
	return parsed, nil
}
