package command

import (
	"encoding/base64"
	"io"
	"os"
	"strings"

	"google.golang.org/grpc/metadata"

	"github.com/jetway-go/jetway/cmd/jetway/internal/failure"
)

// input opens what the flag names: text, @FILE, or - for standard input.
func (a *App) input(data string) (io.ReadCloser, error) {
	switch {
	case data == "-":
		return io.NopCloser(a.IO.In), nil
	case strings.HasPrefix(data, "@"):
		f, err := os.Open(data[1:])
		return f, failure.Exit(failure.Misuse, err, "")
	default:
		return io.NopCloser(strings.NewReader(data)), nil
	}
}

// header is one that the person sends along.
type header struct{ name, value string }

// headers reads "name: value" each.
func headers(texts []string) ([]header, error) {
	var out []header
	for _, text := range texts {
		name, value, ok := strings.Cut(text, ":")
		if name = strings.ToLower(strings.TrimSpace(name)); !ok || name == "" {
			return nil, failure.Usage("a header without a name, or without a colon: want -H 'name: value'")
		}
		if strings.ContainsFunc(name, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune("-_.", r)
		}) {
			return nil, failure.Usage("header %q: a name has letters, digits, and - _ . only", name)
		}
		value = strings.TrimSpace(value)
		if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
			return nil, failure.Usage("header %q: its value has control characters", name)
		}
		out = append(out, header{name, value})
	}
	return out, nil
}

// grpcHeaders are headers for a call. Binary ones, which end in -bin, are given as base64;
// gRPC has the names grpc-… to itself.
func grpcHeaders(texts []string) (metadata.MD, error) {
	list, err := headers(texts)
	if err != nil {
		return nil, err
	}
	md := metadata.MD{}
	for _, h := range list {
		binary := strings.HasSuffix(h.name, "-bin")
		switch {
		case strings.HasPrefix(h.name, "grpc-"):
			return nil, failure.Usage("header %q: gRPC itself sets names that begin with grpc-", h.name)
		case binary:
			text := strings.TrimRight(h.value, "=")
			value, err := base64.RawStdEncoding.DecodeString(text)
			if err != nil {
				value, err = base64.RawURLEncoding.DecodeString(text)
			}
			if err != nil {
				return nil, failure.Usage("header %q is binary: its value has to be base64", h.name)
			}
			h.value = string(value)
		case strings.ContainsFunc(h.value, func(r rune) bool { return r < ' ' || r > '~' }):
			return nil, failure.Usage("header %q: its value has characters that gRPC sends only with a name that ends in -bin, as base64", h.name)
		}
		md.Append(h.name, h.value)
	}
	return md, nil
}
