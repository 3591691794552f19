package console

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jetway-go/jetway/mockserver/oauth"
)

const (
	shownLogins = 20
	shownEvents = 16
)

// loginView is the story of one login.
type loginView struct {
	ID, Name, Detail string
	State            string
	Tone             tone
	Token, Refresh   chip
	// Until is when the access token expires by the machine's clock, in milliseconds, and
	// Life how long it was valid at first; 0 if it is no longer valid.
	Until, Life int64
	Left        string  // until then
	Share       float64 // of Life that is left, in percent
	Events      []eventView
	Earlier     int    // events that are not shown
	Key         string // changes when anything but the time does
}

type eventView struct {
	Time, Kind     string
	Tone           tone
	Grant, Reason  string
	Token, Refresh chip
}

// deviceView is a device that waits for approval.
type deviceView struct{ ID, Code, Client, Scopes, Left string }

// loginViews returns the logins, and when the next access token expires; zero if none does.
func (c *Console) loginViews(now time.Time) (views []loginView, next time.Time) {
	records := c.server.LoginRecords()
	for _, r := range records[:min(len(records), shownLogins)] {
		v := c.loginView(r, now)
		if v.Until != 0 && (next.IsZero() || r.Expiry.Before(next)) {
			next = r.Expiry
		}
		views = append(views, v)
	}
	return views, next
}

func (c *Console) loginView(r oauth.LoginRecord, now time.Time) loginView {
	v := loginView{
		ID: "client-" + r.ClientID, Name: r.Subject, Detail: "by " + r.ClientID,
		Token: chipOf(r.TokenID), Refresh: chipOf(r.RefreshTokenID), Earlier: r.Dropped,
	}
	switch {
	case r.ID != "":
		v.ID = "login-" + r.ID
	case r.ClientID == "":
		v.ID, v.Name, v.Detail = "client", "unknown client", "refused requests"
	default:
		v.Name, v.Detail = r.ClientID, "a client by itself"
	}
	if v.Name == "" {
		v.Name = "unknown user"
	}
	v.Name, v.Detail = cut(c.server.WithoutSecrets(v.Name), 80), cut(c.server.WithoutSecrets(v.Detail), 80)
	switch {
	case r.Ended:
		v.State, v.Tone = "ended", bad
	case r.TokenID == "":
		v.State, v.Tone = "no token", quiet
	case r.Revoked:
		v.State, v.Tone = "revoked", bad
	case !r.Expiry.After(now):
		v.State, v.Tone = "expired", warn
	default:
		v.State, v.Tone = "valid", good
		left := r.Expiry.Sub(now)
		life := max(left, lifeOf(r))
		v.Until, v.Life = time.Now().Add(left).UnixMilli(), life.Milliseconds()
		v.Left, v.Share = took(left), 100*float64(left)/float64(life)
	}
	events := r.Events[max(0, len(r.Events)-shownEvents):]
	v.Earlier += len(r.Events) - len(events)
	v.Key = fmt.Sprintf("%s %d %s", v.State, r.Dropped+len(r.Events), v.Token.Full)
	for _, e := range slices.Backward(events) {
		v.Events = append(v.Events, eventViewOf(e))
	}
	return v
}

// lifeOf returns how long the latest access token of r was valid when it was issued.
func lifeOf(r oauth.LoginRecord) time.Duration {
	for _, e := range slices.Backward(r.Events) {
		if !e.Expiry.IsZero() {
			return e.Expiry.Sub(e.Time)
		}
	}
	return 0
}

func eventViewOf(e oauth.LoginEvent) eventView {
	v := eventView{
		Time: e.Time.Format("15:04:05"), Kind: string(e.Kind), Grant: shortGrant(e.Grant), Reason: cut(e.Reason, maxText),
		Token: chipOf(e.TokenID), Refresh: chipOf(e.RefreshTokenID), Tone: quiet,
	}
	switch e.Kind {
	case oauth.LoginIssued, oauth.LoginRenewed, oauth.LoginApproved:
		v.Tone = good
	case oauth.LoginRefused, oauth.LoginExpired:
		v.Tone = warn
	case oauth.LoginRevoked, oauth.LoginDenied:
		v.Tone = bad
	case oauth.LoginRotated:
	}
	return v
}

func (c *Console) deviceViews() []deviceView {
	var views []deviceView
	for _, d := range c.server.Script().PendingDevices() {
		views = append(views, deviceView{
			ID: "device-" + d.UserCode, Code: d.UserCode, Client: d.ClientID, Scopes: strings.Join(d.Scopes, " "),
			Left: d.Expiry.Format("15:04:05"),
		})
		if len(views) == shownLogins {
			break
		}
	}
	return views
}
