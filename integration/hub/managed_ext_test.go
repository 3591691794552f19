package hub_test

import (
	"net/http"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
)

// TestJupyterHub has one hub for everything that leaves it running.
func TestJupyterHub(t *testing.T) {
	t.Parallel()
	h := startHub(t, "", false)
	for name, test := range map[string]func(*testing.T, *hub){
		"Row02_ManagedServiceKnowsItsCallers": managedTokens,
		"Row03_LegacyTokensAndCookie":         externalLegacy,
		"Row04_OneRequestForManyCalls":        externalCache,
		"Row04_TheWindowEnds":                 externalWindow,
		"Row06_OwnTokenRefused":               externalOwnToken,
		"Row07_PageUnderThePrefix":            managedPage,
		"Row07_RestartedAfterAKill":           managedRestart,
		"Row08_CodeFlowOfABrowser":            browserLogin,
		"Row09_UsersGroupsAndServices":        apiUsers,
		"Row10_TokensOfAUser":                 apiTokens,
		"Row11_ServersStartAndStop":           apiServers,
		"Row11_AFailedSpawnSaysWhy":           apiFailedSpawn,
		"Row12_ForbiddenRequests":             apiForbidden,
		"Row12_ARevokedTokenIsReadAgain":      apiRevoked,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, h)
		})
	}
}

// The service that the hub has started knows its callers.
func managedTokens(t *testing.T, h *hub) {
	// A good token, of a user and of a service,
	who, err := whoami(t, h.Whoami, h.issue(t, "alice", 0).Token)
	mustBe(t, "alice", who, err)
	who, err = whoami(t, h.Whoami, h.BossToken)
	mustBe(t, "service/boss", who, err)
	// one that was never made, one whose time is over, one that was revoked,
	_, err = whoami(t, h.Whoami, "0123456789abcdef0123456789abcdef")
	mustFail(t, codes.Unauthenticated, err)
	short := h.issue(t, "alice", time.Second)
	h.awaitRefusal(t, short)
	_, err = whoami(t, h.Whoami, short.Token)
	mustFail(t, codes.Unauthenticated, err)
	gone := h.issue(t, "alice", 0)
	h.revoke(t, "alice", gone)
	_, err = whoami(t, h.Whoami, gone.Token)
	mustFail(t, codes.Unauthenticated, err)
	// and one of somebody who may not call.
	_, err = whoami(t, h.Whoami, h.issue(t, "bob", 0).Token)
	mustFail(t, codes.PermissionDenied, err)
	contains(t, err.Error(), "user bob is not allowed")
}

// The same service has a page, under its prefix at the proxy.
func managedPage(t *testing.T, h *hub) {
	page := h.Proxy + "/services/whoami/"
	var user struct {
		Name   string
		Groups []string
	}
	if code := fetch(t, http.MethodGet, page, h.issue(t, "alice", 0).Token, nil, &user); code != http.StatusOK {
		t.Fatalf("the page answers with status %d", code)
	}
	if user.Name != "alice" || len(user.Groups) != 1 || user.Groups[0] != "serenity" {
		t.Errorf("the page is for %+v", user)
	}
	for who, token := range map[string]string{"nobody": "made-up", "bob": h.issue(t, "bob", 0).Token} {
		if code := fetch(t, http.MethodGet, page, token, nil, nil); code != http.StatusForbidden {
			t.Errorf("the page answers %s with status %d, want 403", who, code)
		}
	}
}
