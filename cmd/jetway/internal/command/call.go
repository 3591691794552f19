package command

import (
	"encoding/json"

	"github.com/spf13/cobra"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/jetway-go/jetway/cmd/jetway/internal/failure"
	"github.com/jetway-go/jetway/cmd/jetway/internal/schema"
	"github.com/jetway-go/jetway/interceptors"
)

func newCall(a *App) *cobra.Command {
	var data string
	var headers []string
	c := &cobra.Command{
		Use:   "call PACKAGE.SERVICE/METHOD",
		Short: "Call any gRPC method of the backend",
		Long: "Calls a method with the stored login. The method is one of Flyte's, or one that the server\n" +
			"describes by reflection. The request is JSON: an argument, @FILE, or - for standard input; for\n" +
			"a method with a stream of requests, one message after the other. Answers of a stream are\n" +
			"printed as they come, a line each. A header whose name ends in -bin is binary: its value is\n" +
			"base64. With -H authorization the stored login is not sent. A stream of answers has a time\n" +
			"limit only with --timeout.",
		Example: "  jetway call flyteidl2.project.ProjectService/ListProjects\n" +
			"  jetway call flyteidl2.project.ProjectService/GetProject -d '{\"id\":\"demo\"}'\n" +
			"  jetway call flyteidl2.workflow.RunService/WatchRuns -d @request.json -H 'x-request-id: 1'",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeMethods,
		RunE: func(c *cobra.Command, args []string) error {
			return a.call(c, args[0], data, headers)
		},
	}
	c.Flags().StringVarP(&data, "data", "d", "", "request: `JSON`, @file or - for standard input")
	c.Flags().StringArrayVarP(&headers, "header", "H", nil, "`name: value` to send along; repeatable")
	return c
}

func (a *App) call(c *cobra.Command, method, data string, headers []string) error {
	service, name, ok := schema.Split(method)
	if !ok {
		return failure.Usage("method %q: want PACKAGE.SERVICE/METHOD, such as flyteidl2.project.ProjectService/ListProjects", method)
	}
	md, err := grpcHeaders(headers)
	if err != nil {
		return err
	}
	input, err := a.input(data)
	if err != nil {
		return err
	}
	defer input.Close()
	limited, cancel := a.limited(c.Context())
	defer cancel()
	cs, _, err := a.open(limited)
	if err != nil {
		return err
	}
	defer cs.Close()
	m, types, err := schema.Find(limited, cs, service, name)
	if err != nil {
		return err
	}
	ctx := limited
	if m.IsStreamingServer() { // which may go on for ever
		patient, cancel := a.patient(c)
		defer cancel()
		ctx = patient
	}
	call := calling{
		method: m, app: a, input: json.NewDecoder(input),
		json: protojson.UnmarshalOptions{Resolver: types}, print: protojson.MarshalOptions{Resolver: types},
	}
	if own := md.Get(authorization); len(own) > 0 { // counts instead of the stored login
		ctx = interceptors.WithCallCredentials(ctx, metadata.MD{authorization: own})
	}
	return call.run(metadata.NewOutgoingContext(ctx, md), cs)
}

// authorization is the header that a person may send instead of the login's.
const authorization = "authorization"

func completeMethods(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return schema.Complete(begun), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}
