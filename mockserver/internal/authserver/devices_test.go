package authserver

import (
	"testing"
	"time"
)

// A server that runs for long must not keep every device.
func TestDecidedAndExpiredDevicesAreForgotten(t *testing.T) {
	t.Parallel()
	d, now := newDevices(), time.Unix(1_800_000_000, 0)
	waiting, _, _ := d.add(deviceRecord{expiry: now.Add(time.Minute)}, now)
	for range 2 * maxDevices {
		code, userCode, ok := d.add(deviceRecord{tokenInfo: tokenInfo{client: "c"}, expiry: now.Add(time.Minute)}, now)
		if !ok {
			t.Fatal("refused, though no device waits")
		}
		d.decide(userCode, approved, func(i tokenInfo) tokenInfo { return i }, now)
		if _, perr := d.poll(code, "c", form{}, now, false); perr != nil {
			t.Fatal(perr)
		}
	}
	if len(d.order) > maxDevices {
		t.Errorf("%d user codes are remembered of devices that are done", len(d.order))
	}
	if left := d.all(now); len(left) != 1 || !d.known(waiting) {
		t.Errorf("%d devices wait, want the undecided one", len(left))
	}
}
