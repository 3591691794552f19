package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
	"github.com/jetway-go/jetway/platform/jupyterhub"
	"github.com/jetway-go/jetway/platform/jupyterhub/hubtest"
)

// demo starts a mock hub and the service, and makes the calls of two users.
func demo(ctx context.Context, out io.Writer) error {
	h, address, err := mockHub(ctx)
	if err != nil {
		return err
	}
	defer h.Close()

	ctx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	vars := h.ServiceEnv("whoami")
	go func() { ended <- serve(ctx, func(name string) (string, bool) { v, ok := vars[name]; return v, ok }) }()

	return errors.Join(visits(ctx, out, h, address), operation(ctx, out, h), func() error {
		stop()
		return <-ended
	}())
}

// operation is that of another service, whose token may do everything.
func operation(ctx context.Context, out io.Writer, h *hubtest.Server) error {
	h.AddService(hubtest.Service{Name: "operator", Admin: true})
	h.SetSpawn(hubtest.Spawn{Takes: 300 * time.Millisecond, Steps: []string{"pulling the image"}})
	vars := h.ServiceEnv("operator")
	return operate(ctx, out, jupyterhub.Config{LookupEnv: func(name string) (string, bool) { v, ok := vars[name]; return v, ok }})
}

func mockHub(ctx context.Context) (h *hubtest.Server, address string, err error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0") // to find a free port
	if err != nil {
		return nil, "", err
	}
	address = "http://" + l.Addr().String()
	if err := l.Close(); err != nil {
		return nil, "", err
	}
	h = hubtest.NewServer(hubtest.Config{})
	h.AddUser(hubtest.User{Name: "inara", Groups: []string{"serenity", "guild"}})
	h.AddUser(hubtest.User{Name: "badger"})
	h.AddService(hubtest.Service{Name: "whoami", URL: address})
	return h, address, nil
}

func visits(ctx context.Context, out io.Writer, h *hubtest.Server, address string) error {
	inara := h.IssueToken("inara", 0, "access:services!service=whoami")
	badger := h.IssueToken("badger", 0)

	for _, v := range []struct{ who, token string }{
		{"inara", inara}, {"badger, who lacks the scope", badger}, {"a caller with an unknown token", "x"},
	} {
		answer, err := call(ctx, address, v.token)
		if err != nil {
			answer = status.Code(err).String() + ": " + status.Convert(err).Message()
		}
		fmt.Fprintf(out, "gRPC, as %s:\n  %s\n", v.who, answer)
	}
	before := len(h.Requests())
	for range 100 {
		if _, err := call(ctx, address, inara); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "100 more calls made %d requests to the hub\n", len(h.Requests())-before)

	body, err := open(ctx, h.URL+"/services/whoami/", inara)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "the page, through the hub's proxy:\n%s", body)
	return nil
}

// call makes a gRPC call to the service, as any program with a token of the hub can.
func call(ctx context.Context, address, token string) (string, error) {
	cs, err := clientset.For(ctx, jupyterhub.Resolver{
		Config: jupyterhub.Config{APIToken: flow.SecretValue(token)}, Endpoint: address,
	})
	if err != nil {
		return "", err
	}
	defer cs.Close()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	who, err := cs.Identity().UserInfo(ctx, &authpb.UserInfoRequest{}, grpc.WaitForReady(true)) // it has just been started
	if err != nil {
		return "", err
	}
	return "you are " + who.GetSubject(), nil
}

func open(ctx context.Context, address, token string) (string, error) {
	hc := &http.Client{Transport: &http.Transport{}}
	defer hc.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", "token "+token)
	resp, err := hc.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("the page answers with status %d: %s", resp.StatusCode, body)
	}
	return string(body), err
}
