// Package authtest is the test kit of the domain: a clock that tests move, well-known users, and the suite that
// each store must pass as a whole. Only tests import it.
package authtest

import (
	"sync"
	"time"
)

// Start is the time at which a Clock begins: a whole millisecond, because stores keep milliseconds.
func Start() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC) }

// Clock is a clock that shows the same time until it is moved; make one with NewClock. It may be used concurrently.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock that shows Start; pass its Now method to code that needs the time.
func NewClock() *Clock { return &Clock{now: Start()} }

// Now returns the clock's time in UTC; it changes only by Advance.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock by d, backwards if d is negative, as a corrected system clock does.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
