package kernel_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/jetway-go/jetway/platform/nublado/kernel"
)

// The kernel of this example is a fake that knows the answer.
func Example() {
	lab := httptest.NewServer(&server{form: v1, execute: func(k *link, r request) {
		k.print(r, "stdout", "2\n")
		k.ok(r)
		k.idle(r)
	}})
	defer lab.Close()
	ctx, hc := context.Background(), lab.Client() // one that attaches the login
	at := lab.URL + "/user/ada/api/kernels/5bf3"

	conn, err := kernel.Dial(ctx, hc, at+"/channels", nil, kernel.WithInterrupt(func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, at+"/interrupt", nil)
		if err != nil {
			return err
		}
		resp, err := hc.Do(req)
		if err != nil {
			return err
		}
		return resp.Body.Close()
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	result, err := conn.Run(ctx, "print(1 + 1)")
	fmt.Print(result.Stdout, err)
	// Output:
	// 2
	// <nil>
}
