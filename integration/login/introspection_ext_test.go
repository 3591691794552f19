package login_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/interceptors/serverauth"
)

// introspection asks the server that gave a token what it is worth now (RFC 7662).
func introspection(endpoint string) serverauth.Verifier {
	return serverauth.VerifierFunc(func(ctx context.Context, p serverauth.Presented) (serverauth.Identity, error) {
		form := url.Values{"token": {p.Token}, "token_type_hint": {"access_token"}}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
		if err != nil {
			return serverauth.Identity{}, err
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.SetBasicAuth(resourceID, resourceKey)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return serverauth.Identity{}, status.Errorf(codes.Unavailable, "introspection: %v", err)
		}
		defer resp.Body.Close()
		var answer struct {
			Active   bool   `json:"active"`
			Subject  string `json:"sub"`
			ClientID string `json:"client_id"`
			Scope    string `json:"scope"`
		}
		if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || resp.StatusCode != http.StatusOK {
			return serverauth.Identity{}, status.Errorf(codes.Internal, "introspection: %s, %v", resp.Status, err)
		}
		if !answer.Active {
			return serverauth.Identity{}, status.Error(codes.Unauthenticated, "the token is not active")
		}
		if answer.Subject == "" { // a machine speaks for itself
			answer.Subject = answer.ClientID
		}
		if !strings.Contains(" "+answer.Scope+" ", " "+scope+" ") {
			return serverauth.Identity{}, status.Error(codes.PermissionDenied, fmt.Sprintf("the token lacks scope %q", scope))
		}
		return serverauth.Identity{Subject: answer.Subject, Scopes: strings.Fields(answer.Scope)}, nil
	})
}
