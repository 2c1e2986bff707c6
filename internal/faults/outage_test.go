package faults_test

import (
	"crypto/rand"
	"net/http"
	"strings"
	"testing"

	"latchkey/internal/authtest"
	"latchkey/internal/password"
)

// TestOutageCountsNothing promises that sign-ins which our own faults ended are not counted as failures: each attempt gets a
// 500, and the next one after the outage succeeds.
func TestOutageCountsNothing(t *testing.T) {
	t.Parallel()
	for name, spoiled := range map[string]struct {
		call
		fault
	}{
		"the user cannot be read":       {readUser, problem(400, "ProvisionedThroughputExceededException")},
		"the session cannot be put":     {putSession, problem(500, "InternalServerError")},
		"the answer to it is lost":      {putSession, lost},
		"nothing can be written at all": {on("UpdateItem"), problem(400, "AccessDeniedException")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := deploy(t).start()
			d.dynamo.spoil(spoiled.call, spoiled.fault, always)
			for range 8 {
				wantFailure(t, d.signIn(authtest.Password), planpointFailure)
			}
			d.dynamo.heal()
			d.signedIn()
		})
	}
}

// TestCountersGone promises that without counters no attempt reveals whether a password is right.
func TestCountersGone(t *testing.T) {
	t.Parallel()
	d := deploy(t).start()
	d.dynamo.spoil(countAttempt, problem(400, "ThrottlingException"), always)
	for range 8 {
		wantFailure(t, d.signIn("wrong"), planpointFailure)
		wantFailure(t, d.signIn(authtest.Password), planpointFailure)
	}
	if n := d.dynamo.count(putSession)[0]; n > 0 {
		t.Errorf("%d sessions were put", n)
	}
}

// TestPasswordChangeStays promises that a new password stays when a sign-in with the old one renews its hash at the same
// time, also when an answer is lost and the network delivers the request again later.
func TestPasswordChangeStays(t *testing.T) {
	t.Parallel()
	for name, late := range map[string]bool{"at the same time": false, "a request that comes late": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := deploy(t).weaken().start()
			arrives := make(chan func() answer, 1)
			d.dynamo.spoil(rehash, func(x exchange) {
				if late {
					arrives <- x.forward
					cut(x)
				}
				d.changePassword("a new password")
				x.pass(x.forward())
			}, 1)
			who := d.signedIn()
			if late {
				d.changePassword("a new password")
				if a := (<-arrives)(); a.status != http.StatusBadRequest || !strings.Contains(string(a.body), "ConditionalCheckFailed") {
					t.Errorf("the late request: %d %s", a.status, a.body)
				}
			}
			d.wantStatus("the old password", d.signIn(authtest.Password), 401)
			d.wantStatus("the new password", d.signIn("a new password"), 200)
			d.wantStatus("the session from before", d.refresh(who), 401)
		})
	}
}

func (d *deployment) changePassword(to string) {
	u, err := d.store.UserByID(d.Context(), d.user.ID)
	if err == nil {
		u.PasswordHash, err = password.New(cheap(), 0).Hash(d.Context(), to)
	}
	if err == nil {
		u.PasswordEpoch++
		err = d.store.UpdateUser(d.Context(), u)
	}
	if err != nil {
		d.Error(err)
	}
}

// TestImpersonationWithoutDynamoDB promises a 500, not a 403, if the target cannot be read.
func TestImpersonationWithoutDynamoDB(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.env["LATCHKEY_IMPERSONATOR_ROLES"] = "support"
	u, err := d.store.UserByID(t.Context(), d.user.ID)
	d.must(err)
	u.Role = "support"
	d.must(d.store.UpdateUser(t.Context(), u))
	other := authtest.NewUser("other-" + strings.ToLower(rand.Text()))
	d.must(d.store.CreateUser(t.Context(), other))
	d.start()
	impersonate := func() reply {
		return d.post(d.login, "/api/users/login",
			map[string]string{"username": d.user.Email, "password": authtest.Password, "impersonate": other.Email}, nil)
	}
	for _, c := range []call{on("GetItem", "LOGIN#", other.ID), on("GetItem", "USER#"+other.ID)} {
		d.dynamo.spoil(c, problem(400, "ProvisionedThroughputExceededException"), always)
		wantFailure(t, impersonate(), planpointFailure)
		d.wantTries(c)
		d.wantAudit("impersonation failed unavailable")
		d.dynamo.heal()
	}
	d.wantStatus("afterwards", impersonate(), 200)
}
