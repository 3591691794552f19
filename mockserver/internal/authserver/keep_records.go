package authserver

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/jetway-go/jetway/mockserver/internal/kept"
)

func (r *accessRecord) change(d digest) kept.Change {
	return put(bucketAccess, d, keptAccess{keptInfo: keep(r.tokenInfo), Expiry: r.expiry, Revoked: r.revoked})
}

func (r *refreshRecord) change(d digest) kept.Change {
	return put(bucketRefresh, d, keptRefresh{keptInfo: keep(r.tokenInfo), Used: r.used, UsedAt: r.usedAt, Revoked: r.revoked})
}

func (r *codeRecord) change(d digest) kept.Change {
	return put(bucketCodes, d, keptCode{
		keptInfo: keep(r.tokenInfo), Redirect: r.redirect, Challenge: r.challenge, Expiry: r.expiry, Used: r.used,
	})
}

func (r *deviceRecord) change(d digest) kept.Change {
	return put(bucketDevices, d, keptDevice{
		keptInfo: keep(r.tokenInfo), UserCode: r.userCode, Challenge: r.challenge, Number: r.number,
		Expiry: r.expiry, Interval: r.interval, Polled: r.polled, Decision: r.decision,
	})
}

func (g *registry) restore(from kept.View) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	err := take(from, bucketAccess, func(d digest, r keptAccess) {
		g.access[d] = &accessRecord{tokenInfo: r.info(), expiry: r.Expiry, revoked: r.Revoked}
	}, func(d digest) { delete(g.access, d) })
	if err != nil {
		return err
	}
	err = take(from, bucketRefresh, func(d digest, r keptRefresh) {
		g.refresh[d] = &refreshRecord{tokenInfo: r.info(), used: r.Used, usedAt: r.UsedAt, revoked: r.Revoked}
	}, func(d digest) { delete(g.refresh, d) })
	if err != nil {
		return err
	}
	g.purge = max(purgeAt, 2*len(g.access))
	return kept.Take(from, bucketEnded, func(login string, value []byte) error {
		if value == nil {
			delete(g.ended, login)
		} else {
			g.ended[login] = true
		}
		return nil
	})
}

func (c *codes) restore(from kept.View) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return take(from, bucketCodes, func(d digest, r keptCode) {
		c.byID[d] = &codeRecord{
			tokenInfo: r.info(), redirect: r.Redirect, challenge: r.Challenge, expiry: r.Expiry, used: r.Used,
		}
	}, func(d digest) { delete(c.byID, d) })
}

func (d *devices) restore(from kept.View) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	err := take(from, bucketDevices, func(code digest, r keptDevice) {
		d.byCode[code] = &deviceRecord{
			tokenInfo: r.info(), code: code, userCode: r.UserCode, number: r.Number, challenge: r.Challenge,
			expiry: r.Expiry, interval: r.Interval, polled: r.Polled, decision: r.Decision,
		}
	}, func(code digest) { delete(d.byCode, code) })
	clear(d.byUser)
	d.order = d.order[:0]
	rows := make([]*deviceRecord, 0, len(d.byCode))
	for _, r := range d.byCode {
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(x, y *deviceRecord) int { return cmp.Compare(x.number, y.number) })
	for _, r := range rows {
		d.byUser[r.userCode] = r
		d.order = append(d.order, r.userCode)
		d.made = max(d.made, r.number)
	}
	return err
}

func (p *proofs) restore(from kept.View) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return take(from, bucketAssertions, func(d digest, end time.Time) { p.seen[d] = end }, func(d digest) { delete(p.seen, d) })
}

// jsonValues reports whether claims have an encoding, as those of a token must.
func jsonValues(claims map[string]any) bool {
	_, err := json.Marshal(claims)
	return err == nil
}
