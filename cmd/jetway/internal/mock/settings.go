package mock

import (
	"bytes"
	"encoding/json"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/control"
)

// settings are texts to paste into programs in other languages: where the mock is, and whose
// secrets it takes. What needs a client certificate or a proxy's token has none.
func settings(server *mockserver.Server, f *Flags) [][2]string {
	if f.clientCertFile != "" || f.proxyToken != "" {
		return nil
	}
	out := [][2]string{{"python", python(server, f)}}
	if f.unix == "" {
		out = append(out, [2]string{"typescript", typescript(server, f)})
	}
	if text := curl(server, f); text != "" {
		out = append(out, [2]string{"curl", text})
	}
	return out
}

func python(server *mockserver.Server, f *Flags) string {
	channel := "channel = grpc.insecure_channel(" + literal(server.Endpoint()) + ")"
	if f.caFile != "" {
		channel = "trust = grpc.ssl_channel_credentials(open(" + literal(absolute(f.caFile)) + `, "rb").read())` + "\n" +
			"channel = grpc.secure_channel(" + literal(server.Endpoint()) + ", trust)"
	}
	lines := []string{
		"import grpc", channel,
		"client_id, client_secret = " + literal(server.ClientID()) + ", " + literal(server.ClientSecret()),
	}
	if f.control {
		lines = append(lines, "control_secret = "+literal(f.controlSecret))
	}
	return strings.Join(lines, "\n")
}

func typescript(server *mockserver.Server, f *Flags) string {
	lines := []string{
		`import { createGrpcTransport } from "@connectrpc/connect-node";`,
		"const transport = createGrpcTransport({ baseUrl: " + literal(server.URL()) + " });",
		"const client = { id: " + literal(server.ClientID()) + ", secret: " + literal(server.ClientSecret()) + " };",
	}
	if f.caFile != "" {
		lines = append([]string{"// Node.js needs the variable NODE_EXTRA_CA_CERTS=" + absolute(f.caFile)}, lines...)
	}
	if f.control {
		lines = append(lines, "const controlSecret = "+literal(f.controlSecret)+";")
	}
	return strings.Join(lines, "\n")
}

// curl has a login, if the client can log in by itself, and calls, if the mock takes them as
// Connect does.
func curl(server *mockserver.Server, f *Flags) string {
	trust := ""
	if f.caFile != "" {
		trust = "--cacert " + quoted(absolute(f.caFile)) + " "
	}
	connects := f.front && f.unix == ""
	call := "curl -sS " + trust + "-H 'content-type: application/json' "
	var lines []string
	if f.printsMachine(server) {
		pair := url.QueryEscape(server.ClientID()) + ":" + url.QueryEscape(server.ClientSecret()) // RFC 6749 section 2.3.1
		form := "-d grant_type=client_credentials"
		if f.audience != "" {
			form += " --data-urlencode " + quoted("audience="+f.audience)
		}
		lines = append(lines, "token=$(curl -sS "+trust+"-u "+quoted(pair)+" "+form+" "+quoted(server.TokenURL())+
			` | sed 's/.*"access_token":"\([^"]*\)".*/\1/')`)
		if connects {
			lines = append(lines, call+`-H "`+f.headerKey+`: Bearer $token" -d '{}' `+
				quoted(server.URL()+"/flyteidl2.project.ProjectService/ListProjects"))
		}
	}
	if connects && f.control {
		lines = append(lines, call+"-H "+quoted(control.SecretKey+": "+f.controlSecret)+" -d '{}' "+
			quoted(server.URL()+"/jetway.mock.v1.ControlService/ListRequests"))
	}
	return strings.Join(lines, "\n")
}

// literal is a text as Python and JavaScript write it.
func literal(text string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil {
		return `""` // a string has no error
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// absolute is a path that holds in another directory too.
func absolute(path string) string {
	if file, err := filepath.Abs(path); err == nil {
		return file
	}
	return path
}
