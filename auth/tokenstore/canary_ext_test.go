package tokenstore_test

import (
	"strings"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/internal/secrettest"
)

const (
	accessCanary  = "canary-access-1f0c"
	refreshCanary = "canary-refresh-9b2d"
)

func canaries() *auth.Credentials {
	return &auth.Credentials{
		AccessToken: accessCanary, RefreshToken: refreshCanary,
		Expiry: time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC), ClientID: "cli",
	}
}

// leaks reports whether text shows a canary, or eight characters of one, in any form.
func leaks(text string) bool {
	for _, token := range []string{accessCanary, refreshCanary} {
		for i := 0; i+8 <= len(token); i++ {
			for _, form := range secrettest.Forms(token[i : i+8]) {
				if strings.Contains(text, form.Text) {
					return true
				}
			}
		}
	}
	return false
}
