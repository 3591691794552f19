// Command front runs a mock server with a front.
package main

import "github.com/jetway-go/jetway/mockserver"

func main() {
	s, err := mockserver.New(mockserver.WithHTTPFront())
	if err == nil {
		_ = s.Close()
	}
}
