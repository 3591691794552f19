package doctor_test

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/doctor"
	"github.com/jetway-go/jetway/mockserver"
)

// A backend is called over TLS that speaks none.
func ExampleRun() {
	server, err := mockserver.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	report := doctor.Run(ctx, doctor.Endpoint("https://"+server.Endpoint(), clientset.WithoutAuth()))
	for _, step := range report.Steps {
		if step.State == doctor.Failed {
			fmt.Printf("%s: %s\n%s\n", step.Name, step.Problem, step.Advice)
		}
	}
	// Output:
	// tls: no-tls
	// if the backend speaks no TLS there, write http:// or add WithInsecure
}

// Each step is shown as it ends.
func ExampleSteps() {
	server, err := mockserver.New(mockserver.WithProject("demo"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	for step := range doctor.Steps(ctx, doctor.APIKey(server.APIKey())) {
		fmt.Println(step.State, step.Name)
	}
	// Output:
	// ok settings
	// skipped dns
	// ok tcp
	// skipped proxy
	// skipped tls
	// ok protocol
	// ok discovery
	// ok authserver
	// ok clock
	// skipped store
	// skipped login
	// ok call
	// skipped http
}

func ExampleStep_MarshalJSON() {
	text, err := json.Marshal(doctor.Step{
		Name: "tcp", State: doctor.Failed, Problem: doctor.Refused, Seen: "connection refused",
		Advice: "is the backend running at this address and port?", Took: 3 * time.Millisecond,
	})
	fmt.Println(string(text), err)
	// Output:
	// {"name":"tcp","state":"failed","problem":"refused","seen":"connection refused","advice":"is the backend running at this address and port?","took_ms":3} <nil>
}
