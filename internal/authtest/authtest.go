// Package authtest is the test kit of the domain: a clock that moves when told, users that every
// test knows, and the contract suite that each store must pass whole. Only tests import it.
package authtest

import (
	"sync"
	"time"
)

// Start is where a Clock begins: a whole millisecond, which is what stores keep of a time.
func Start() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC) }

// Clock is a clock that stands still until it is moved; make one with NewClock. It may be used concurrently.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock that shows Start; give its Now method to whatever wants the time.
func NewClock() *Clock { return &Clock{now: Start()} }

// Now returns what the clock shows, in UTC; two calls with no Advance between them return the same.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock by d, backwards where d is negative, as a corrected system clock does.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
