package auth

import (
	"fmt"
	"time"

	"github.com/jetway-go/jetway/internal/clock"
)

// pace limits how often rejections lead to new tokens that do not help: a method that
// refuses every token, while others take them, leads to one request a minute in the end. A
// login that is revoked again and again is replaced at once. The zero value is ready.
type pace struct {
	n    int // of replacements in vain without a quiet time between them
	last clock.Reading
}

// quietTime is when replacements in vain count anew, if it is twice the delay too.
const quietTime = 20 * time.Second

// delay returns how long after the last replacement in vain the next one may be. One alone
// may be a coincidence: the login was revoked once more.
func (p *pace) delay() time.Duration {
	if p.n < 2 {
		return 0
	}
	return doubled(p.n - 1)
}

// mayReplace returns an error if the next replacement has to wait.
func (p *pace) mayReplace(now clock.Reading) error {
	delay := p.delay()
	wait := now.Until(p.last.Add(delay))
	if delay == 0 || wait <= 0 {
		return nil
	}
	return &pausedError{cause: ErrRejected, wait: wait, text: fmt.Sprintf(
		"%v: a new token did not help either, though others may accept it; the next one is requested after %v", ErrRejected, delay)}
}

// inVain counts a replacement that was rejected at once.
func (p *pace) inVain(now clock.Reading) {
	if now.Reached(p.last.Add(max(quietTime, 2*p.delay()))) {
		p.n = 0
	}
	p.n++
	p.last = now
}

// churn counts tokens that one server rejected after another, or the same, had accepted
// them, each replaced at once. Behind a balancer a single backend that rejects every token
// causes that: the second attempt, with the next token, lands on another one. The zero value
// is ready.
type churn struct {
	n    int // without a quiet time between them
	last clock.Reading
}

// maxChurn is how many of them may be revocations.
const maxChurn = 5

func (c *churn) count(now clock.Reading) {
	if now.Reached(c.last.Add(quietTime)) {
		c.n = 0
	}
	c.n++
	c.last = now
}

// many reports whether there were too many. While it is asked, it does not forget them.
func (c *churn) many(now clock.Reading) bool {
	if c.n <= maxChurn || now.Reached(c.last.Add(quietTime)) {
		return false
	}
	c.last = now
	return true
}
