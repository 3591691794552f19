package repertoire_test

import (
	"context"
	"fmt"

	"github.com/jetway-go/jetway/platform/nublado/nubladotest"
	"github.com/jetway-go/jetway/platform/nublado/repertoire"
)

// A client asks service discovery once, and remembers the answer.
func Example() {
	site := nubladotest.NewServer()
	defer site.Close()
	site.SetNubladoURL("https://nb.example.com/nb")

	environment := map[string]string{"REPERTOIRE_BASE_URL": site.DiscoveryURL()}
	discovery, err := repertoire.New(repertoire.Config{
		// Left out, the variable is that of the process.
		LookupEnv: func(name string) (string, bool) { v, ok := environment[name]; return v, ok },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 2 {
		document, err := discovery.Discover(context.Background(), site.Client())
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(document.UI("nublado"))
	}
	fmt.Println("requests:", site.Repertoire.Fetches())
	// Output:
	// https://nb.example.com/nb
	// https://nb.example.com/nb
	// requests: 1
}
