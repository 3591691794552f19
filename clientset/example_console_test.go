package clientset_test

import (
	"context"
	"fmt"

	"github.com/jetway-go/jetway/clientset"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
)

// A program that creates runs says where a person can look at them.
func ExampleClientSet_Console() {
	cs, err := clientset.ForEndpoint("flyte.example.com", clientset.WithoutAuth(),
		clientset.WithConsole("https://console.example.com"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cs.Close()
	console, err := cs.Console(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(console.Run(&commonpb.RunIdentifier{Project: "demo", Domain: "development", Name: "r1"}))
	// Output: https://console.example.com/v2/domain/development/project/demo/runs/r1
}
