package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/platform/nublado"
	"github.com/jetway-go/jetway/platform/nublado/nubladotest"
	"github.com/jetway-go/jetway/platform/nublado/repertoire"
)

// lab starts a lab for a user, runs Python in it, and stops it. The hub, the lab and its
// kernel are mocks as well.
func lab(ctx context.Context, out io.Writer) (err error) {
	site := nubladotest.NewServer()
	defer site.Close()
	discovery, err := repertoire.New(repertoire.Config{BaseURL: site.DiscoveryURL()})
	if err != nil {
		return err
	}
	header := site.Gafaelfawr.Delegate("ada", nublado.DefaultScope) // in a handler it is r.Header
	cs, err := clientset.For(ctx, nublado.Resolver{Source: nublado.FromRequest(header), Discovery: discovery})
	if err != nil {
		return err
	}
	defer cs.Close()
	ada := nublado.NewClient(cs.HTTPClient(), cs.HTTPURL(""), header.Get(nublado.HeaderUser))

	if err := ada.Spawn(ctx, nublado.Lab{Image: nublado.Image{Class: nublado.LatestWeekly}, Size: nublado.Small}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ada.Stop(ctx)) }()
	for step, err := range ada.Progress(ctx) {
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "ada's lab: %d%% %s\n", step.Percent, step.Message)
	}
	session, err := ada.NewSession(ctx, nublado.SessionOptions{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(session.Close(ctx), err) }()
	result, err := session.Run(ctx, "print(1+1)")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "print(1+1) in ada's lab: %s", result.Stdout)
	return nil
}
