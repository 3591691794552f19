package nublado_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/platform/nublado"
	"github.com/jetway-go/jetway/platform/nublado/kernel"
	"github.com/jetway-go/jetway/platform/nublado/nubladotest"
	"github.com/jetway-go/jetway/platform/nublado/repertoire"
)

// at returns a client for ada at a site; with a ClientSet it is three lines.
func at(ctx context.Context, site *nubladotest.Server) (*nublado.Client, func()) {
	discovery, err := repertoire.New(repertoire.Config{BaseURL: site.DiscoveryURL()})
	if err != nil {
		panic(err)
	}
	r := nublado.ForToken("ada", site.Gafaelfawr.IssueToken("ada", 0, nublado.DefaultScope))
	r.Discovery = discovery
	cs, err := clientset.For(ctx, r)
	if err != nil {
		panic(err)
	}
	return nublado.NewClient(cs.HTTPClient(), cs.HTTPURL(""), "ada"), func() { _ = cs.Close() }
}

// Python runs in a lab that is started for it.
func ExampleClient_NewSession() {
	site := nubladotest.NewServer()
	defer site.Close()
	ctx := context.Background()
	ada, end := at(ctx, site)
	defer end()
	if err := errors.Join(ada.Spawn(ctx, nublado.Lab{}), ada.WaitForSpawn(ctx)); err != nil {
		fmt.Println(err)
		return
	}
	session, err := ada.NewSession(ctx, nublado.SessionOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer session.Close(ctx)
	result, err := session.Run(ctx, "print(1+1)")
	fmt.Print(result.Stdout)
	_, raised := session.Run(ctx, "1/0")
	if failure, ok := errors.AsType[*kernel.Error](raised); ok && errors.Is(raised, kernel.ErrException) {
		fmt.Println(err, failure.Exception.Name)
	}
	// Output:
	// 2
	// <nil> ZeroDivisionError
}

// The loop shows what a spawn does, and its error why there is no lab.
func ExampleClient_Progress() {
	site := nubladotest.NewServer()
	defer site.Close()
	site.Nublado.Set(nubladotest.Settings{SpawnError: "no room on any node"})
	ctx := context.Background()
	ada, end := at(ctx, site)
	defer end()
	if err := ada.Spawn(ctx, nublado.Lab{Image: nublado.Image{Tag: "w_2026_20"}, Size: nublado.Small}); err != nil {
		fmt.Println(err)
		return
	}
	for step, err := range ada.Progress(ctx) {
		if err != nil {
			fmt.Println(errors.Is(err, nublado.ErrSpawn), err)
			return
		}
		fmt.Println(step.Percent, step.Message)
	}
	// Output:
	// 0 Server requested
	// 50 Spawning server...
	// true nublado: follow the spawn of the lab for ada: the lab did not start: Spawn failed: no room on any node
}

// A lab that does not run is one kind of error, whatever the hub or a proxy says.
func ExampleClient_RunNotebook() {
	site := nubladotest.NewServer()
	defer site.Close()
	ctx := context.Background()
	ada, end := at(ctx, site)
	defer end()
	notebook := nublado.Notebook{Content: `{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}`}
	_, err := ada.RunNotebook(ctx, notebook)
	fmt.Println(errors.Is(err, nublado.ErrLabNotRunning))
	if err := errors.Join(ada.Spawn(ctx, nublado.Lab{}), ada.WaitForSpawn(ctx)); err != nil {
		fmt.Println(err)
		return
	}
	result, err := ada.RunNotebook(ctx, notebook)
	fmt.Println(result.Error, err)
	// Output:
	// true
	// <nil> <nil>
}
