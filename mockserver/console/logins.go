package console

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jetway-go/jetway/mockserver/oauth"
)

const (
	shownLogins  = 20
	shownEvents  = 16
	shownDevices = 4
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

// loginsView is the latest logins, and how many there are.
type loginsView struct {
	Shown []loginView
	More  int // logins that are not shown

	valid  int       // among all
	expiry time.Time // of the next access token that is shown; zero if none expires
}

func (v loginsView) total() int { return len(v.Shown) + v.More }

// devicesView is the devices that wait for approval, the latest first.
type devicesView struct {
	Shown []deviceView
	More  int // devices that are not shown
}

func (v devicesView) total() int { return len(v.Shown) + v.More }

// deviceView is a device that waits for approval.
type deviceView struct{ ID, Code, Client, Scopes, Left string }

func (c *Console) loginViews(now time.Time) loginsView {
	records := c.server.LoginRecords()
	var v loginsView
	for i, r := range records {
		if _, t := stateOf(r, now); t == good {
			v.valid++
		}
		if i >= shownLogins {
			v.More++
			continue
		}
		login := c.loginView(r, now)
		if login.Until != 0 && (v.expiry.IsZero() || r.Expiry.Before(v.expiry)) {
			v.expiry = r.Expiry
		}
		v.Shown = append(v.Shown, login)
	}
	return v
}

// stateOf returns whether the access token of a login is valid, in a word.
func stateOf(r oauth.LoginRecord, now time.Time) (string, tone) {
	switch {
	case r.Ended:
		return "ended", bad
	case r.TokenID == "":
		return "no token", quiet
	case r.Revoked:
		return "revoked", bad
	case !r.Expiry.After(now):
		return "expired", warn
	default:
		return "valid", good
	}
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
	if v.State, v.Tone = stateOf(r, now); v.Tone == good {
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

func (c *Console) deviceViews() devicesView {
	waiting := c.server.Script().PendingDevices()
	v := devicesView{More: max(0, len(waiting)-shownDevices)}
	for _, d := range slices.Backward(waiting[v.More:]) {
		v.Shown = append(v.Shown, deviceView{
			ID: "device-" + d.UserCode, Code: d.UserCode, Client: d.ClientID, Scopes: strings.Join(d.Scopes, " "),
			Left: d.Expiry.Format("15:04:05"),
		})
	}
	return v
}
