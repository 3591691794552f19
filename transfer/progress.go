package transfer

import (
	"time"
)

const (
	reportEvery = 250 * time.Millisecond
	// newest is the weight of the latest interval in the rate.
	newest = 0.3
)

// Progress says how far the transfer of one object is.
type Progress struct {
	// Name is the file or the object.
	Name string
	// Bytes is how many have been handed to the system, or have come. It begins anew when an
	// attempt does.
	Bytes int64
	// Total is the size of the object in bytes; -1 if it is not known.
	Total int64
	// Rate is the present speed in bytes per second.
	Rate float64
}

// meter reports the progress of one object while it moves.
type meter struct {
	report func(Progress)
	now    Progress
	begun  time.Time
	over   chan struct{}
	done   chan struct{}
}

// startMeter reports until stop is called what position returns, which must be safe for
// concurrent use. With report nil it does nothing.
func startMeter(report func(Progress), name string, total int64, position func() int64) *meter {
	m := &meter{report: report, now: Progress{Name: name, Total: total}, begun: time.Now()}
	if report == nil {
		return m
	}
	m.over, m.done = make(chan struct{}), make(chan struct{})
	go m.run(position)
	return m
}

func (m *meter) run(position func() int64) {
	defer close(m.done)
	tick := time.NewTicker(reportEvery)
	defer tick.Stop()
	last := m.begun
	for {
		select {
		case <-m.over:
			return
		case <-tick.C:
		}
		now := time.Now()
		m.advance(position(), now.Sub(last), now.Sub(m.begun) < 2*reportEvery)
		last = now
		m.report(m.now)
	}
}

// advance sets the position, and the rate from how far it is from the one before.
func (m *meter) advance(to int64, took time.Duration, first bool) {
	to = max(to, m.now.Bytes) // a file that is closed has no offset
	if took > 0 {
		rate := float64(to-m.now.Bytes) / took.Seconds()
		if !first {
			rate = newest*rate + (1-newest)*m.now.Rate
		}
		m.now.Rate = rate
	}
	m.now.Bytes = to
}

// stop ends the reports; no call of report is under way when it returns. Complete says
// that all has been moved, total bytes, which is reported too.
func (m *meter) stop(complete bool, total int64) {
	if m.report == nil {
		return
	}
	close(m.over)
	<-m.done
	if !complete {
		return
	}
	m.now.Bytes, m.now.Total = total, total
	if took := time.Since(m.begun).Seconds(); took > 0 {
		m.now.Rate = float64(total) / took // of the whole: there may have been no other report
	}
	m.report(m.now)
}
