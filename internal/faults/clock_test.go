package faults_test

import (
	"net/http"
	"testing"
	"time"

	"latchkey/internal/authtest"
)

const (
	idle    = 168 * time.Hour
	longest = 2160 * time.Hour
)

// TestClockForward promises, if the server's clock jumps ahead, that tokens expire by the new clock and sessions do not end
// early.
func TestClockForward(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name                        string
		jump                        time.Duration
		me, organization, refreshed int
	}{
		{"an hour", time.Hour, 200, 401, 200},
		{"a day", 24 * time.Hour, 401, 401, 200},
		{"longer than sessions live", idle, 401, 401, 401},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := deployWarm(t)
			who, organization := d.signedIn(), d.signedInToOrganization()
			d.clock.Advance(tc.jump)
			d.wantStatus("me", d.as(who, "GET", "/api/users/me"), tc.me)
			d.wantStatus("me by the organization's token", d.as(organization, "GET", "/api/users/me"), tc.organization)
			d.wantStatus("refresh", d.refresh(who), tc.refreshed)
			d.signedIn()
		})
	}
}

// TestClockBack promises, if the server's clock was ahead and is set right, that no session is lost: tokens from the future
// are refused, and a refresh gives a current one. No session lives longer by more than the clock was wrong.
func TestClockBack(t *testing.T) {
	t.Parallel()
	for _, jump := range []time.Duration{10 * time.Second, time.Hour, 30 * 24 * time.Hour} {
		t.Run(jump.String(), func(t *testing.T) {
			t.Parallel()
			d := deployWarm(t)
			d.clock.Advance(jump)
			who := d.signedIn()
			who = d.refresh(who)
			d.wantStatus("refresh by the wrong clock", who, 200)
			d.clock.Advance(-jump)
			right := d.clock.Now()

			want := http.StatusUnauthorized
			if jump < 30*time.Second { // the leeway between clocks
				want = http.StatusOK
			}
			d.wantStatus("a token of the future", d.as(who, "GET", "/api/users/me"), want)
			who = d.refresh(who)
			d.wantStatus("refresh", who, 200)
			d.wantStatus("me", d.as(who, "GET", "/api/users/me"), 200)
			if s := d.onlySession(); s.ExpiresAt.After(right.Add(idle)) {
				t.Errorf("the session lives until %v, the clock being %v", s.ExpiresAt, right)
			}
			d.signedIn()

			d.clock.Advance(24 * time.Hour)
			d.wantStatus("the last token, a day on", d.as(who, "GET", "/api/users/me"), 401)
			for d.clock.Now().Before(right.Add(longest + jump - 24*time.Hour)) {
				d.clock.Advance(6 * 24 * time.Hour)
				if next := d.refresh(who); next.status == http.StatusOK {
					who = next
				}
			}
			d.clock.Advance(24 * time.Hour)
			d.wantStatus("refresh when even the wrong clock says it is over", d.refresh(who), 401)
		})
	}
}

// TestClockBackAndThrottling promises that failures counted by a clock that was ahead lock no user out once it is set
// right, and that later guesses are counted.
func TestClockBackAndThrottling(t *testing.T) {
	t.Parallel()
	d := deployWarm(t)
	d.clock.Advance(time.Hour)
	for range 6 {
		d.signIn("wrong")
	}
	if got := d.signIn(authtest.Password); got.status != http.StatusUnauthorized || got.header["Retry-After"] == "" {
		t.Fatalf("after six failures: %v, want a refusal for now", got)
	}
	d.clock.Advance(-time.Hour)
	d.signedIn()
	for range 5 {
		d.signIn("wrong")
	}
	if got := d.signIn(authtest.Password); got.status != http.StatusUnauthorized || got.header["Retry-After"] == "" {
		t.Errorf("after five failures by the right clock: %v, want a refusal for now", got)
	}
	d.clock.Advance(time.Hour)
	d.signedIn()
}

func (d *deployment) wantStatus(what string, got reply, status int) {
	d.Helper()
	if got.status != status {
		d.Errorf("%s: %v, want %d\n%s", what, got, status, d.log)
	}
}
