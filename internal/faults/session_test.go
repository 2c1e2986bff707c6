package faults_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

// The calls of the session function.
var (
	readSession  = on("BatchGetItem", "SESSION#")
	rotate       = on("UpdateItem", "generation")
	endSession   = on("DeleteItem", "SESSION#")
	listSessions = on("Query", "SESSION#")
	listDevices  = on("Query", "DEVICE#") // and, to end them all, the sessions too
	endSessions  = on("BatchWriteItem", "SESSION#")
)

// TestSessionsWithoutDynamoDB promises, for every call of the session endpoints that keeps failing in any way, a 500 in
// time and after bounded attempts, and that the session works as before when the fault is over.
func TestSessionsWithoutDynamoDB(t *testing.T) {
	t.Parallel()
	for name, f := range faults() {
		for _, tc := range []struct {
			method, path string
			fails        call
			audit        []string
			left         int // of two sessions, when the fault is over
		}{
			{"POST", "/api/users/refresh", readSession, []string{"refresh failed unavailable"}, 2},
			{"POST", "/api/users/refresh", rotate, []string{"refresh failed unavailable"}, 2},
			{"POST", "/api/users/logout", readSession, nil, 1},
			{"POST", "/api/users/logout", endSession, []string{"logout failed unavailable"}, 1},
			{"POST", "/api/users/logout?all=true", listDevices, []string{"logout_all failed unavailable"}, 0},
			{"POST", "/api/users/logout?all=true", endSessions, []string{"logout_all failed unavailable"}, 0},
			{"GET", "/api/users/me", readSession, nil, 2},
			{"GET", "/api/users/sessions", listSessions, nil, 2},
			{"GET", "/api/users/sessions", listDevices, nil, 2},
		} {
			t.Run(strings.Join([]string{tc.path, tc.fails.op, name}, " "), func(t *testing.T) {
				t.Parallel()
				d := deploy(t).start()
				d.signedIn()
				who := d.signedIn()
				d.log.audit()
				d.dynamo.count(tc.fails) // a sign-in may have read the sessions
				d.dynamo.spoil(tc.fails, f, always)
				wantFailure(t, d.as(who, tc.method, tc.path), planpointFailure)
				if tc.fails.op != endSessions.op { // throttled deletes go on for a while
					d.wantTries(tc.fails)
				}
				d.wantAudit(tc.audit...)
				d.dynamo.heal()
				if got := d.as(who, tc.method, tc.path); got.status != http.StatusOK {
					t.Errorf("afterwards: %v\n%s", got, d.log)
				}
				d.wantSessions(tc.left)
			})
		}
	}
}

// TestSessionsThroughAFaultThatPasses promises success if any one call fails once, and that a session is rotated once.
func TestSessionsThroughAFaultThatPasses(t *testing.T) {
	t.Parallel()
	for name, f := range faults() {
		if name == "denied" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := deploy(t).start()
			who := d.signedIn()
			for _, c := range []call{readSession, rotate} {
				d.dynamo.spoil(c, f, 1)
				if who = d.refresh(who); who.status != http.StatusOK {
					t.Fatalf("refresh: %v\n%s", who, d.log)
				}
			}
			d.wantGeneration(3)
			d.dynamo.spoil(listSessions, f, 1)
			if got := d.as(who, "GET", "/api/users/sessions"); got.status != http.StatusOK || strings.Count(got.body, `"id"`) != 1 {
				t.Errorf("sessions: %v", got)
			}
			d.dynamo.spoil(endSession, f, 1)
			if got := d.as(who, "POST", "/api/users/logout"); got.status != http.StatusOK {
				t.Errorf("logout: %v", got)
			}
			d.wantSessions(0)
			d.signedIn()
			who = d.signedIn()
			d.dynamo.spoil(endSessions, f, 1)
			if got := d.as(who, "POST", "/api/users/logout?all=true"); got.status != http.StatusOK {
				t.Errorf("logout everywhere: %v", got)
			}
			d.wantSessions(0)
		})
	}
}

func (d *deployment) wantGeneration(want int64) {
	d.Helper()
	if s := d.onlySession(); s.Generation != want {
		d.Errorf("generation %d, want %d", s.Generation, want)
	}
}

// onlySession returns the user's one session.
func (d *deployment) onlySession() auth.Session {
	d.Helper()
	all, err := d.store.SessionsOf(d.Context(), d.user.ID, "", 1000)
	if err != nil || len(all) != 1 {
		d.Fatalf("%d sessions, %v; want one", len(all), err)
	}
	return all[0]
}

// TestLostRefresh promises that a client whose refresh was done, and never answered, stays signed in: its old token works
// again within the grace, which is a minute here because a busy machine may be late.
func TestLostRefresh(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]fault{"no answer, done": mute, "lost answer": lost, "half an answer": half} {
		for _, deadline := range []time.Duration{lambdaLimit, 2 * time.Second} {
			t.Run(fmt.Sprint(name, " within ", deadline), func(t *testing.T) {
				t.Parallel()
				d := deploy(t)
				d.env["LATCHKEY_REFRESH_GRACE"] = "1m"
				who := d.start().signedIn()
				d.as(who, "GET", "/api/users/me") // opens a connection
				d.dynamo.spoil(rotate, f, always)
				ctx, cancel := context.WithTimeout(t.Context(), deadline)
				defer cancel()
				event := request2(d.source, "POST", "/api/users/refresh", "", []string{"planpointRefresh=" + who.cookies["planpointRefresh"]})
				got := d.invoke(ctx, d.session, event)
				if got.status != http.StatusOK { // the last attempt may find the effect of the first
					wantFailure(t, got, planpointFailure)
				}
				d.dynamo.heal()
				d.wantGeneration(2)
				again := d.refresh(who)
				if again.status != http.StatusOK {
					t.Fatalf("the same token again: %v\n%s", again, d.log)
				}
				d.wantGeneration(2)
				if next := d.refresh(again); next.status != http.StatusOK {
					t.Errorf("its successor: %v\n%s", next, d.log)
				}
			})
		}
	}
}

// TestLostRefreshWithoutGrace promises that a function that repeats its own rotation does not end the session as stolen.
func TestLostRefreshWithoutGrace(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]fault{"lost answer": lost, "half an answer": half} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := deploy(t)
			d.env["LATCHKEY_REFRESH_GRACE"], d.env["LATCHKEY_REFRESH_RETRY"] = "0s", "0s"
			who := d.start().signedIn()
			d.dynamo.spoil(rotate, f, 1)
			if who = d.refresh(who); who.status != http.StatusOK {
				t.Fatalf("refresh: %v\n%s", who, d.log)
			}
			if got := d.refresh(who); got.status != http.StatusOK {
				t.Errorf("the next one: %v\n%s", got, d.log)
			}
			d.wantGeneration(3)
		})
	}
}

// TestNearTheDeadline promises an answer before the deadline if little time is left, whichever call hangs.
func TestNearTheDeadline(t *testing.T) {
	d := deploy(t).start()
	d.signedIn() // its connections are open now
	for step, calls := range map[string][]call{
		"lookUp": {lookUp}, "read the user": {readUser}, "count the try": {countAttempt}, "put the session": {putSession},
		"take the try back": {readUser, takeBack}, "anything": {on("")},
	} {
		t.Run(step, func(t *testing.T) {
			d.TB = t
			for _, c := range calls {
				d.dynamo.spoil(c, hang, always)
			}
			defer d.dynamo.heal()
			for range 3 { // a busy machine may be late once or twice
				if d.answersWithin(700 * time.Millisecond) {
					return
				}
			}
			t.Error("three answers came after the deadline")
		})
	}
}

// answersWithin signs in against a deadline that only a failure can meet.
func (d *deployment) answersWithin(limit time.Duration) bool {
	d.Helper()
	ctx, cancel := context.WithTimeout(d.Context(), limit)
	defer cancel()
	d.log.audit()
	body := encoded(map[string]string{"username": d.user.Email, "password": authtest.Password})
	got := d.invoke(ctx, d.login, request2(d.source, "POST", "/api/users/login", body, nil))
	wantFailure(d, got, planpointFailure)
	d.wantAudit("login failed unavailable")
	return got.took < limit
}

// TestDynamoDBIsGone promises a quick 500 while nothing listens, and success as soon as DynamoDB is back.
func TestDynamoDBIsGone(t *testing.T) {
	t.Parallel()
	d := deploy(t).start()
	who := d.signedIn()
	back := d.dynamo.goAway(t)
	for range 3 {
		wantFailure(t, d.signIn(authtest.Password), planpointFailure)
		wantFailure(t, d.signIn("wrong"), planpointFailure)
		wantFailure(t, d.signInToOrganization(authtest.Password), organizationFailure)
		for _, path := range []string{"refresh", "logout", "logout?all=true"} {
			got := d.as(who, "POST", "/api/users/"+path)
			wantFailure(t, got, planpointFailure)
			if got.took > 5*time.Second {
				t.Errorf("%s: %v", path, got)
			}
		}
	}
	back()
	if got := d.refresh(who); got.status != http.StatusOK {
		t.Errorf("the session: %v\n%s", got, d.log)
	}
	d.signedIn()
}
