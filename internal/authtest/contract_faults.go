package authtest

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/auth"
)

// faults promises one constant 500 with Retry-After, whatever breaks and for every user, and a sign-in once it works again.
func (ct contractTest) faults() {
	var want *contractAnswer
	for _, call := range []string{
		"MAC", "LookUp", "UserByID", "CountAttempt", "Verify", "Sign", "PutSession", "CountFailure of the user", "CountFailure of the source",
	} {
		for name, fault := range map[string]func() error{
			"unavailable": func() error { return auth.ErrUnavailable },
			"an error":    func() error { return errors.New("dial tcp 10.0.0.1: refused, password " + Password[:4]) },
			"a panic":     func() error { panic(Password) },
		} {
			ct.kit.Clock.Advance(time.Hour) // no limit is in the way
			ct.kit.Before(func(called string) error {
				if called == call {
					return fault()
				}
				return nil
			})
			a := ct.failedSignIn(call, name)
			ct.kit.Before(nil)
			if want == nil {
				want = &a
			}
			if d := cmp.Diff(*want, a); d != "" {
				ct.Errorf("%s of %s: the answer reveals what broke:\n%s", name, call, d)
			}
			if ct.accessToken(ct.signIn("grace", Password)) == "" {
				ct.Errorf("no sign-in after %s of %s", name, call)
			}
		}
	}
	if !strings.Contains(ct.kit.Log.String(), "refused, password") {
		ct.Error("a fault is not logged")
	}
}

// failedSignIn signs in while the call fails, and returns the answer without the calls.
func (ct contractTest) failedSignIn(call, name string) contractAnswer {
	ct.Helper()
	user, password := "grace", Password
	if strings.HasPrefix(call, "CountFailure") {
		user, password = "nobody", "wrong"
	}
	a := ct.signIn(user, password)
	a.Calls = nil
	if a.Status != http.StatusInternalServerError || a.Body != ct.failure() || a.Header.Get("Retry-After") == "" {
		ct.Errorf("%s of %s: %d %v %s, want 500 %s", name, call, a.Status, a.Header, a.Body, ct.failure())
	}
	return a
}

// throttling promises the table's answer with the time to wait, the same for known and unknown users and whatever the
// password, no effect on other users, and a sign-in after the wait.
func (ct contractTest) throttling() {
	free := contractRules().Limits.Free
	for _, user := range []string{"grace", "nobody"} {
		for range free {
			ct.wantAnswer(user+", a wrong password", auth.ErrBadCredentials, ct.signIn(user, "wrong"))
		}
		for _, password := range []string{"wrong", Password} {
			a := ct.signIn(user, password)
			ct.wantAnswer(user+", throttled", auth.ErrThrottled, a)
			if a.Header.Get("Retry-After") != "1" {
				ct.Errorf("%s: Retry-After %q, want 1", user, a.Header.Get("Retry-After"))
			}
		}
	}
	if ct.accessToken(ct.signIn("hedy", Password)) == "" {
		ct.Error("another user cannot sign in")
	}
	elsewhere := func(r *http.Request) { r.RemoteAddr = "198.51.100.9:4711" }
	if ct.accessToken(ct.signIn("grace", Password, elsewhere)) == "" {
		ct.Error("the user cannot sign in from another address")
	}
	ct.kit.Clock.Advance(time.Second)
	if ct.accessToken(ct.signIn("grace", Password)) == "" {
		ct.Error("no sign-in after the wait")
	}
}
