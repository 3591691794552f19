package conformance_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"os/signal"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/jetway-go/jetway/mockserver/front"
)

func fullName(name string) protoreflect.FullName { return protoreflect.FullName(name) }

// serve reads what is wanted from in, tells by out where the server listens, and serves
// until the process is told to end.
func serve(descriptors string, in io.Reader, out io.Writer) error {
	if err := register(descriptors); err != nil {
		return err
	}
	wanted, err := newMessage("ServerCompatRequest")
	if err != nil {
		return err
	}
	if err := read(in, wanted.Interface()); err != nil {
		return err
	}
	server, err := newServer(wanted)
	if err != nil {
		return err
	}
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if err := report(out, wanted, listener); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if server.TLSConfig != nil {
		err = server.ServeTLS(listener, "", "")
	} else {
		err = server.Serve(listener)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// newServer returns the front of the suite's service, set up as the mock sets it up.
func newServer(wanted message) (*http.Server, error) {
	limit := int(wanted.get("message_receive_limit").Uint())
	if limit == 0 {
		limit = 64 << 20
	}
	backend := grpc.NewServer(grpc.MaxRecvMsgSize(limit))
	backend.RegisterService(service(), nil)
	handler, err := front.New(backend, front.Config{MaxMessage: uint32(limit)})
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: handler, Protocols: &http.Protocols{}, ReadHeaderTimeout: time.Minute}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetHTTP2(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	if !wanted.get("use_tls").Bool() {
		return server, nil
	}
	creds := wanted.child("server_creds")
	pair, err := tls.X509KeyPair(creds.get("cert").Bytes(), creds.get("key").Bytes())
	if err != nil {
		return nil, err
	}
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	if ca := wanted.get("client_tls_cert").Bytes(); len(ca) > 0 {
		server.TLSConfig.ClientCAs = x509.NewCertPool()
		server.TLSConfig.ClientCAs.AppendCertsFromPEM(ca)
		server.TLSConfig.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return server, nil
}

func report(out io.Writer, wanted message, listener net.Listener) error {
	answer, err := newMessage("ServerCompatResponse")
	if err != nil {
		return err
	}
	answer.set("host", "127.0.0.1")
	answer.set("port", uint32(listener.Addr().(*net.TCPAddr).Port))
	if wanted.get("use_tls").Bool() {
		answer.set("pem_cert", wanted.child("server_creds").get("cert").Bytes())
	}
	text, err := proto.Marshal(answer.Interface())
	if err != nil {
		return err
	}
	_, err = out.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(text))), text...))
	return err
}

// read reads one message behind its length.
func read(in io.Reader, m proto.Message) error {
	var size uint32
	if err := binary.Read(in, binary.BigEndian, &size); err != nil {
		return err
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(in, text); err != nil {
		return err
	}
	return proto.Unmarshal(text, m)
}
