package faults_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/authtest"
	"latchkey/internal/password"
)

// The calls of a sign-in, in their order; the last ones are made when it fails.
var (
	lookUp        = on("BatchGetItem", "LOGIN#")
	readUser      = on("GetItem", "USER#")
	countAttempt  = on("UpdateItem", "FROM#", "ADD failures :one")
	putSession    = on("PutItem", "SESSION#")
	clearAttempts = on("PutItem", "FROM#")
	rehash        = on("UpdateItem", "passwordHash")
	takeBack      = on("UpdateItem", "failures = :counted")
	countSource   = on("UpdateItem", `"SOURCE#`)
	countUser     = on("UpdateItem", `"TRIES#`, `"ALL"`)
	everyFailure  = []call{countSource, countUser}
)

// faults are the ways in which DynamoDB fails a call. All except the last succeed when they are repeated.
func faults() map[string]fault {
	return map[string]fault{
		"throttled":         problem(400, "ProvisionedThroughputExceededException"),
		"account throttled": problem(400, "ThrottlingException"),
		"internal error":    problem(500, "InternalServerError"),
		"gateway's page":    page,
		"cut":               cut,
		"lost answer":       lost,
		"no answer":         hang,
		"no answer, done":   mute,
		"half an answer":    half,
		"garbage":           garbage,
		"denied":            problem(400, "AccessDeniedException"),
	}
}

func wantFailure(t testing.TB, got reply, body string) {
	t.Helper()
	if got.status != http.StatusInternalServerError || got.header["Retry-After"] == "" || got.body != body || len(got.cookies) > 0 {
		t.Errorf("%v; want the contract's 500 %s and Retry-After", got, body)
	}
}

const (
	planpointFailure    = `{"message":"Internal server error"}`
	organizationFailure = `{"isSuccess":false,"errorMessage":"Internal server error"}`
)

// TestLoginWithoutDynamoDB promises, for every call of a sign-in that keeps failing in any way, the contract's 500 in time
// and after bounded attempts, and that the user can sign in as before when the fault is over.
func TestLoginWithoutDynamoDB(t *testing.T) {
	t.Parallel()
	for name, f := range faults() {
		for step, c := range map[string]call{
			"look up": lookUp, "read the user": readUser, "count the try": countAttempt, "put the session": putSession,
		} {
			t.Run(step+"/"+name, func(t *testing.T) {
				t.Parallel()
				d := deploy(t).start()
				d.dynamo.spoil(c, f, always)
				wantFailure(t, d.signIn(authtest.Password), planpointFailure)
				d.wantTries(c)
				d.wantAudit("login failed unavailable")
				d.dynamo.heal()
				d.signedIn()
			})
		}
	}
}

func (d *deployment) wantTries(c call) {
	d.Helper()
	if n := d.dynamo.count(c)[0]; n < 1 || n > 3 {
		d.Errorf("%d tries of %v, want 1 to 3", n, c)
	}
}

func (d *deployment) wantAudit(want ...string) {
	d.Helper()
	if got := d.log.audit(); !slices.Equal(got, want) {
		d.Errorf("audited %q, want %q\n%s", got, want, d.log)
	}
}

// TestRefusalWithoutDynamoDB promises that a wrong password that cannot be counted gets a 500: a refusal would give one more
// free guess.
func TestRefusalWithoutDynamoDB(t *testing.T) {
	t.Parallel()
	for name, f := range faults() {
		for i, c := range everyFailure {
			t.Run(fmt.Sprint(name, i), func(t *testing.T) {
				t.Parallel()
				d := deploy(t).start()
				d.dynamo.spoil(c, f, always)
				wantFailure(t, d.signIn("wrong"), planpointFailure)
				d.wantTries(c)
				d.wantAudit("login failed unavailable")
			})
		}
	}
}

// TestOrganizationLoginWithoutDynamoDB promises that contract's own 500.
func TestOrganizationLoginWithoutDynamoDB(t *testing.T) {
	t.Parallel()
	for step, c := range map[string]call{
		"look up": lookUp, "read the user": readUser, "count the try": countAttempt, "put the session": putSession,
	} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			d := deploy(t).start()
			d.dynamo.spoil(c, problem(400, "ProvisionedThroughputExceededException"), always)
			wantFailure(t, d.signInToOrganization(authtest.Password), organizationFailure)
			d.wantAudit("login failed unavailable")
			d.dynamo.heal()
			if got := d.signInToOrganization(authtest.Password); got.status != 200 || !strings.Contains(got.body, `"isSuccess":true`) {
				t.Errorf("afterwards: %v", got)
			}
		})
	}
}

// TestLoginWithoutExtras promises that a failure to clear counters or to renew a hash does not fail the sign-in.
func TestLoginWithoutExtras(t *testing.T) {
	t.Parallel()
	for name, f := range faults() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := deploy(t).weaken().start()
			d.dynamo.spoil(clearAttempts, f, always)
			d.dynamo.spoil(rehash, f, always)
			d.signedIn()
			if n := d.dynamo.count(clearAttempts, rehash); n[0] < 1 || n[0] > 3 || n[1] < 1 || n[1] > 3 {
				t.Errorf("%d tries to clear the tries and %d to renew the hash, want 1 to 3", n[0], n[1])
			}
			d.wantAudit("login success ok")
			d.dynamo.heal()
			d.signedIn()
		})
	}
}

// weaken gives the user a hash that the next sign-in renews.
func (d *deployment) weaken() *deployment {
	d.Helper()
	u, err := d.store.UserByID(d.Context(), d.user.ID)
	d.must(err)
	u.PasswordHash = hashed(d, password.Params{Memory: 8, Time: 1, Threads: 1})
	d.must(d.store.UpdateUser(d.Context(), u))
	return d
}

// TestLoginThroughAFaultThatPasses promises that a sign-in succeeds if any one of its calls fails once, and that no
// call takes effect twice.
func TestLoginThroughAFaultThatPasses(t *testing.T) {
	t.Parallel()
	for name, f := range faults() {
		if name == "denied" {
			continue
		}
		for step, c := range map[string]call{
			"look up": lookUp, "read the user": readUser, "count the try": countAttempt, "put the session": putSession,
			"clear the tries": clearAttempts, "rehash": rehash,
		} {
			t.Run(step+"/"+name, func(t *testing.T) {
				t.Parallel()
				d := deploy(t).weaken().start()
				d.dynamo.spoil(c, f, 1)
				d.signedIn()
				if n := d.dynamo.count(c)[0]; n < 2 || n > 3 { // on a busy machine the second may be late
					t.Errorf("%d tries, want 2", n)
				}
				d.wantSessions(1)
				if u, err := d.store.UserByID(t.Context(), d.user.ID); err != nil || u.Version != 3 || !strings.Contains(u.PasswordHash, "m=64,") {
					t.Errorf("version %d and hash %.30s, %v; want the hash renewed once", u.Version, u.PasswordHash, err)
				}
			})
		}
	}
}

func (d *deployment) wantSessions(want int) {
	d.Helper()
	if all, err := d.store.SessionsOf(d.Context(), d.user.ID, "", 1000); err != nil || len(all) != want {
		d.Errorf("%d sessions, %v; want %d", len(all), err, want)
	}
}

// TestWrongChecksum shows that only TLS protects DynamoDB's answers: the SDK computes their checksums and accepts answers
// with a wrong one.
func TestWrongChecksum(t *testing.T) {
	t.Parallel()
	d := deploy(t).start()
	d.dynamo.spoil(on(""), wrongChecksum, always)
	d.signedIn()
}

// TestSlowLogin promises success if DynamoDB is slow at each call and the time is enough.
func TestSlowLogin(t *testing.T) {
	t.Parallel()
	d := deploy(t).start()
	d.dynamo.spoil(on(""), slow(time.Second), always)
	if got := d.signedIn(); got.took < 3*time.Second {
		t.Errorf("took %v, so that nothing was slow", got.took)
	}
}
