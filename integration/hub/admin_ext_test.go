package hub_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"
)

// issued is a token of the hub's.
type issued struct {
	ID    string `json:"id"`
	Token string `json:"token"`
}

// issue makes a token for somebody; life zero is for ever.
func (h *hub) issue(t *testing.T, name string, life time.Duration) issued {
	t.Helper()
	wish := map[string]any{"note": t.Name()}
	if life > 0 {
		wish["expires_in"] = int(life.Seconds())
	}
	var token issued
	if code := fetch(t, http.MethodPost, h.api()+"/users/"+name+"/tokens", h.BossToken, wish, &token); code != http.StatusCreated {
		t.Fatalf("the hub makes no token: HTTP status %d", code)
	}
	return token
}

// revoke ends a token.
func (h *hub) revoke(t *testing.T, name string, token issued) {
	t.Helper()
	url := h.api() + "/users/" + name + "/tokens/" + token.ID
	if code := fetch(t, http.MethodDelete, url, h.BossToken, nil, nil); code != http.StatusNoContent {
		t.Fatalf("the hub revokes no token: HTTP status %d", code)
	}
}

// awaitRefusal waits until the hub itself no longer takes a token.
func (h *hub) awaitRefusal(t *testing.T, token issued) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if fetch(t, http.MethodGet, h.api()+"/user", token.Token, nil, nil) == http.StatusForbidden {
			return
		}
	}
	t.Fatal("the hub goes on taking the token")
}

// fetch makes a request, follows no redirect, and reads JSON into answer. Without
// an answer the status is zero.
func fetch(t *testing.T, method, url, token string, body, answer any) int {
	t.Helper()
	var content io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		content = bytes.NewReader(b)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, content)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "token "+token)
	}
	hc := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := hc.Do(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	if answer != nil && resp.StatusCode < http.StatusMultipleChoices {
		if err := json.NewDecoder(resp.Body).Decode(answer); err != nil {
			t.Fatalf("%s: %v", url, err)
		}
	}
	return resp.StatusCode
}
