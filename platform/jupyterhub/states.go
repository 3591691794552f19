package jupyterhub

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Limits of the logins that one browser has begun and not finished. Proxies and servers
// refuse requests whose headers are larger than 8 or 16 KiB.
const (
	maxStates     = 5       // the new one included
	maxStateBytes = 6 << 10 // of their cookies
	// maxDropped is how many cookies one answer deletes, since its headers are limited too.
	maxDropped = 20
)

// begunLogin is the cookie of a login in progress.
type begunLogin struct {
	name string
	size int
	end  time.Time // zero if the cookie cannot be read
}

// dropOldStates deletes the oldest logins that the browser has begun and not finished,
// so that with the new one, whose cookie has that size, they stay within the limits.
func (a *Auth) dropOldStates(w http.ResponseWriter, r *http.Request, size int) {
	begun := a.begunLogins(r.Cookies())
	slices.SortStableFunc(begun, func(x, y begunLogin) int { return y.end.Compare(x.end) }) // the newest first
	kept := 0
	for kept < len(begun) && kept+1 < maxStates && !begun[kept].end.IsZero() && size+begun[kept].size <= maxStateBytes {
		size += begun[kept].size
		kept++
	}
	for _, old := range begun[max(kept, len(begun)-maxDropped):] {
		a.setCookie(w, r, old.name, "", -1)
	}
}

// begunLogins returns the logins in progress among cookies.
func (a *Auth) begunLogins(cookies []*http.Cookie) []begunLogin {
	var begun []begunLogin
	for _, c := range cookies {
		if !strings.HasPrefix(c.Name, a.stateCookie("")) {
			continue
		}
		var p pending
		if content, err := a.open(c.Name, c.Value); err != nil || json.Unmarshal(content, &p) != nil {
			p = pending{}
		}
		begun = append(begun, begunLogin{c.Name, len(c.Name) + len(c.Value), p.End})
	}
	return begun
}
