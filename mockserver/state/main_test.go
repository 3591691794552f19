package state

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// VictimFile is the variable that makes the test's program a server over a file, until it
// is killed.
const VictimFile = "JETWAY_TEST_VICTIM"

func TestMain(m *testing.M) {
	if path := os.Getenv(VictimFile); path != "" {
		if err := beVictim(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	goleak.VerifyTestMain(m)
}

// VictimPassword is that of the user of the server that is killed.
const VictimPassword = "password of the test"

func beVictim(path string) error {
	ignoreLimits()
	file, err := Open(path)
	if err != nil {
		return err
	}
	server, err := mockserver.New(mockserver.WithState(file), mockserver.WithOpenAccess(), VictimLogin())
	if err != nil {
		return err
	}
	facts := map[string]string{"grpc": server.Endpoint(), "token": server.TokenURL()}
	if err := json.NewEncoder(os.Stdout).Encode(facts); err != nil {
		return err
	}
	select {}
}

// VictimLogin has one user, whose password the test knows.
func VictimLogin() mockserver.Option {
	return mockserver.WithOAuth(oauth.Config{Accounts: []oauth.Account{{Login: "ada", Password: VictimPassword}}})
}
