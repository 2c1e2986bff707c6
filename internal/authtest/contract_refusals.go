package authtest

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/auth"
	"latchkey/internal/contract"
	"latchkey/internal/web"
)

// refusedSignIn is a way to be refused that a stranger must not distinguish from the others; each has its own user.
type refusedSignIn struct{ name, user, password string }

func refusedSignIns() []refusedSignIn {
	return []refusedSignIn{
		{"unknown user", "nobody", Password},
		{"wrong password", "grace", "wrong"},
		{"wrong password, not in NFC", "hedy", "wro\u0308ng"},
		{"over-long password", "mary", strings.Repeat("x", 1025)},
		{"over-long password, unknown user", "no-one", strings.Repeat("x", 1025)},
		{"password with NUL", "edith", Password + "\x00"},
		{"wrong password, with a factor", "betty", "wrong"},
		{"pending", "joan", Password},
		{"disabled", "dorothy", Password},
		{"no password", "adele", Password},
		{"broken hash", "klara", Password},
		{"no qualifying account", "alan", Password},
	}
}

// indistinguishable promises one answer to the refusals that could reveal who is a user, in the table and over HTTP.
func (ct contractTest) indistinguishable() {
	status, body := ct.answerTo(auth.ErrBadCredentials)
	for _, err := range []error{auth.ErrNotReady, auth.ErrWrongRole, auth.ErrUnknownClient} {
		if s, b := ct.answerTo(err); s != status || b != body {
			ct.Errorf("%v is answered by %d %s, a wrong password by %d %s", err, s, b, status, body)
		}
	}
	ct.constantWork(contractRules())
}

// RunConstantWork promises that refused sign-ins by the contract make the same calls and get the same answer, also with
// the decoys, and also once they are throttled: then whatever the password is.
func RunConstantWork(t *testing.T, c contract.Contract, body Body, decoys []auth.Decoy) {
	ct := newContractTest(t, c, body)
	rules := contractRules()
	rules.Decoys = decoys
	ct.handler = ct.kit.Contract(c, rules)
	ct.constantWork(rules)
}

// withCode returns the body of the sign-in with a code of another form for each attempt: none, an app's, a recovery code, neither.
func (ct contractTest) withCode(s refusedSignIn, attempt int64) string {
	body := ct.body(ct.T, s.user+"@example.com", s.password)
	codes := []any{nil, "123456", "0123-4567-89AB-CDEF", 42}
	code := codes[attempt%int64(len(codes))]
	if code == nil {
		return body
	}
	with, err := web.AddMember([]byte(body), "code", code)
	check(ct, err)
	return string(with)
}

func (ct contractTest) constantWork(rules auth.Rules) {
	for attempt := range rules.Limits.Free + 2 {
		var want contractAnswer
		for i, s := range refusedSignIns() {
			if s.user == "alan" && !ct.contract.Terms().QualifyingAccount {
				s.password = "wrong"
			}
			got := ct.send(ct.request(ct.withCode(s, attempt)))
			if i == 0 {
				want = got
			}
			if d := cmp.Diff(want, got); d != "" {
				ct.Errorf("attempt %d: %s differs (-unknown user +got):\n%s", attempt, s.name, d)
			}
		}
		err, throttled := auth.ErrBadCredentials, attempt >= rules.Limits.Free
		if throttled {
			err = auth.ErrThrottled
		}
		ct.wantAnswer("a refused sign-in", err, want)
		if hashed := slices.Contains(want.Calls, "Verify"); hashed == throttled || (want.Header.Get("Retry-After") != "") != throttled {
			ct.Errorf("attempt %d: %+v", attempt, want)
		}
	}
}
