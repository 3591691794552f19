package console_test

import (
	"fmt"
	"strings"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/console"
)

func ExampleAttach() {
	server, err := mockserver.New(mockserver.WithProject("demo"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	page, err := console.Attach(server)
	if err != nil {
		fmt.Println(err)
		return
	}
	address := page.Address() // open it in a browser
	fmt.Println(strings.HasPrefix(address, server.HTTPURL()+"/console?code="))
	// Output: true
}
