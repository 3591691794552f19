package browser

import (
	"errors"
	"net/url"
	"strings"
)

// maxAddress is more than browsers take.
const maxAddress = 8 << 10

// Check returns address in a form that is safe to hand to a program and to show
// on a terminal: absolute, http or https, without user information, and with every
// unusual character escaped. Addresses come from servers, and the programs that open
// them open files too. Errors contain nothing of the address.
func Check(address string) (string, error) {
	if len(address) > maxAddress {
		return "", errors.New("the address is too long")
	}
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return "", errors.New("the address is not a URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return "", errors.New("the address must begin with http:// or https://")
	case u.Hostname() == "":
		return "", errors.New("the address names no host")
	case u.User != nil:
		return "", errors.New("the address must not carry a user name or password")
	}
	clean := []byte{}
	for _, c := range []byte(u.String()) {
		if plain(c) {
			clean = append(clean, c)
			continue
		}
		const hex = "0123456789ABCDEF"
		clean = append(clean, '%', hex[c>>4], hex[c&15])
	}
	if len(clean) > maxAddress {
		return "", errors.New("the address is too long")
	}
	if u, err = url.Parse(string(clean)); err != nil || u.Hostname() == "" {
		return "", errors.New("the address names no usable host") // not ASCII, for example
	}
	return string(clean), nil
}

// plain reports whether c may be in a URL as it is (RFC 3986 §2). Quotes may too, but
// some programs fail on them.
func plain(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	default:
		return strings.IndexByte("-._~:/?#[]@!$&()*+,;=%", c) >= 0
	}
}
