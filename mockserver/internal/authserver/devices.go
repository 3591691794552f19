package authserver

import (
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jetway-go/jetway/mockserver/internal/kept"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// ErrUnknownUserCode is returned if no device waits for approval with that user code.
var ErrUnknownUserCode = errors.New("no device waits with that user code: it was never issued, has expired, or was approved or denied")

type decision int

const (
	undecided decision = iota
	approved
	denied
)

// deviceRecord is the login behind a device code.
type deviceRecord struct {
	tokenInfo // complete once approved

	code      digest
	userCode  string
	number    int // of its start, from 1
	challenge string
	expiry    time.Time
	interval  time.Duration
	polled    time.Time // last
	decision  decision
}

// devices stores device codes.
type devices struct {
	keeper kept.Keeper

	mu     sync.Mutex
	made   int // how many there were
	byCode map[digest]*deviceRecord
	byUser map[string]*deviceRecord
	order  []string // user codes
}

const maxDevices = 1 << 14

func newDevices() *devices {
	return &devices{keeper: kept.Off{}, byCode: map[digest]*deviceRecord{}, byUser: map[string]*deviceRecord{}}
}

// add stores r and returns its two codes; false if too many devices wait.
func (d *devices) add(r deviceRecord, now time.Time) (deviceCode, userCode string, ok bool) {
	deviceCode = "dc_" + rand.Text()
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.order) >= maxDevices { // finished ones are still in it
		d.purge(now)
	}
	if len(d.byCode) >= maxDevices {
		return "", "", false
	}
	for userCode == "" || d.byUser[userCode] != nil {
		userCode = newUserCode()
	}
	d.made++
	r.code, r.userCode, r.number = digestOf(deviceCode), userCode, d.made
	d.byCode[r.code] = &r
	d.byUser[userCode] = &r
	d.order = append(d.order, userCode)
	d.keeper.Keep(r.change(r.code))
	return deviceCode, userCode, true
}

// purge needs mu held.
func (d *devices) purge(now time.Time) {
	for code, r := range d.byCode {
		if now.Sub(r.expiry) > time.Hour {
			delete(d.byCode, code)
			delete(d.byUser, r.userCode)
			d.keeper.Keep(drop(bucketDevices, code))
		}
	}
	d.order = slices.DeleteFunc(d.order, func(userCode string) bool { return d.byUser[userCode] == nil })
}

// waiting finds the device that shows userCode.
func (d *devices) waiting(userCode string, now time.Time) (oauth.DeviceRequest, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.byUser[userCode]
	if r == nil || r.decision != undecided || !now.Before(r.expiry) {
		return oauth.DeviceRequest{}, false
	}
	return r.request(), true
}

func (r *deviceRecord) request() oauth.DeviceRequest {
	return oauth.DeviceRequest{UserCode: r.userCode, ClientID: r.client, Scopes: slices.Clone(r.scopes), Expiry: r.expiry}
}

// known reports whether code is a device code.
func (d *devices) known(code string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.byCode[digestOf(code)] != nil
}

// all returns the devices that wait, oldest first.
func (d *devices) all(now time.Time) []oauth.DeviceRequest {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := []oauth.DeviceRequest{}
	for _, userCode := range d.order {
		if r := d.byUser[userCode]; r != nil && r.decision == undecided && now.Before(r.expiry) {
			list = append(list, r.request())
		}
	}
	return list
}

// decide stores a decision. For an approval, who adds the user to the device's tokens.
func (d *devices) decide(userCode string, what decision, who func(tokenInfo) tokenInfo, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.byUser[userCode]
	if r == nil || r.decision != undecided || !now.Before(r.expiry) {
		return false
	}
	if what == approved {
		r.tokenInfo = who(r.tokenInfo)
	}
	r.decision = what
	d.keeper.Keep(r.change(r.code))
	return true
}

// userCodeLetters are those of RFC 8628 section 6.1: no vowels, so no words.
const userCodeLetters = "BCDFGHJKLMNPQRSTVWXZ"

func newUserCode() string {
	var b strings.Builder
	var random [1]byte
	for b.Len() < 8 {
		_, _ = rand.Read(random[:]) // never fails (crypto/rand)
		if limit := 256 - 256%len(userCodeLetters); int(random[0]) < limit {
			b.WriteByte(userCodeLetters[int(random[0])%len(userCodeLetters)])
		}
	}
	return b.String()[:4] + "-" + b.String()[4:]
}

// plainUserCode normalises a user code as typed to the form that devices show.
func plainUserCode(typed string) string {
	letters := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			r -= 'a' - 'A'
		}
		if strings.ContainsRune(userCodeLetters, r) {
			return r
		}
		return -1
	}, typed)
	if len(letters) != 8 {
		return ""
	}
	return letters[:4] + "-" + letters[4:]
}
