// Command native runs a mock server without a front.
package main

import "github.com/jetway-go/jetway/mockserver"

func main() {
	s, err := mockserver.New()
	if err == nil {
		_ = s.Close()
	}
}
