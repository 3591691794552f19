package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/jetway-go/jetway/mockserver"
)

// announce writes the files that the flags name and prints how to connect.
func announce(server *mockserver.Server, f *flags, stdout io.Writer) error {
	facts := [][2]string{
		{"endpoint", server.URL()},
		{"grpc target", server.Endpoint()},
		{"issuer", server.Issuer()},
		{"http", server.HTTPURL()},
		{"client id", server.ClientID()},
		{"client secret", server.ClientSecret()},
		{"login", server.Login()},
		{"password", server.Password()},
		{"api key", server.APIKey()},
	}
	if f.caFile != "" {
		if err := os.WriteFile(f.caFile, server.CACertPEM(), 0o600); err != nil {
			return fmt.Errorf("write the CA certificate: %w", err)
		}
		facts = append(facts, [2]string{"ca file", f.caFile})
	}
	if f.clientCertFile != "" {
		text, err := server.ClientCertificatePEM()
		if err != nil {
			return err
		}
		if err := os.WriteFile(f.clientCertFile, text, 0o600); err != nil {
			return fmt.Errorf("write the client certificate: %w", err)
		}
		facts = append(facts, [2]string{"client cert", f.clientCertFile})
	}
	text, err := lines(append(facts, [2]string{"go", goLine(server, f)})), error(nil)
	if f.json {
		text, err = object(facts)
	}
	if err == nil {
		_, err = io.WriteString(stdout, text)
	}
	if err != nil {
		return fmt.Errorf("print how to connect: %w", err)
	}
	return nil
}

// goLine returns the line of Go that makes a client for the server.
func goLine(server *mockserver.Server, f *flags) string {
	args := []string{fmt.Sprintf("%q", server.APIKey())}
	if f.caFile != "" {
		args = append(args, fmt.Sprintf("clientset.WithCAFile(%q)", f.caFile))
	}
	if f.clientCertFile != "" {
		args = append(args, fmt.Sprintf("clientset.WithClientCertificate(%[1]q, %[1]q)", f.clientCertFile))
	}
	if f.proxyToken != "" {
		args = append(args, fmt.Sprintf("clientset.WithProxyFlow(flow.StaticToken(%q), nil)", f.proxyToken))
	}
	return "cs, err := clientset.ForAPIKey(" + strings.Join(args, ", ") + ")"
}

// lines returns one fact per line.
func lines(facts [][2]string) string {
	var b strings.Builder
	for _, fact := range facts {
		fmt.Fprintf(&b, "%-14s %s\n", fact[0], fact[1])
	}
	return b.String()
}

// object returns one line of JSON, with keys such as client_id.
func object(facts [][2]string) (string, error) {
	values := make(map[string]string, len(facts))
	for _, fact := range facts {
		values[strings.ReplaceAll(fact[0], " ", "_")] = fact[1]
	}
	text, err := json.Marshal(values)
	return string(text) + "\n", err
}
