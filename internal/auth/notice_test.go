package auth_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

// taken is an outbox that keeps the kinds of the messages it took.
type taken struct {
	kinds []auth.MessageKind
	fails bool
}

func (o *taken) Send(_ context.Context, m auth.Message) error {
	if m.UserID != "ada" || m.Drop {
		return auth.ErrConflict
	}
	o.kinds = append(o.kinds, m.Kind)
	if o.fails {
		return auth.ErrUnavailable
	}
	return nil
}

// next returns what was taken since the last call.
func (o *taken) next() []auth.MessageKind {
	kinds := o.kinds
	o.kinds = nil
	return kinds
}

// TestNotices promises which events of Ada's account she hears of, by the setting, and that an outbox that fails makes no
// difference to any of them: each lost notice is logged and audited.
func TestNotices(t *testing.T) {
	security := []auth.MessageKind{
		auth.MessageFactorAdded, auth.MessageWrongCodes, auth.MessageFactorRemoved, auth.MessagePasswordChanged, auth.MessageSessionsEnded,
	}
	for _, test := range []struct {
		notices auth.Notices
		fails   bool
		want    []auth.MessageKind
	}{
		{auth.NoticesSecurity, false, security},
		{"", true, security},
		{auth.NoticesSignIns, false, slices.Concat([]auth.MessageKind{auth.MessageSignIn}, security)},
		{auth.NoticesOff, false, nil},
	} {
		k := authtest.NewKit(t, users()...)
		k.Log.Keep(chosen)
		outbox := &taken{fails: test.fails}
		k.Outbox = outbox
		r := limited()
		r.Notices = test.notices
		liveThroughAll(t, k, k.Service(r), k.Sessions(r))
		if diff := cmp.Diff(test.want, outbox.next()); diff != "" {
			t.Errorf("NOTICES=%s (-want +got):\n%s", test.notices, diff)
		}
		want := 0
		if test.fails {
			want = len(test.want)
		}
		lost := slices.DeleteFunc(k.Log.Audit(t), func(r map[string]any) bool { return r["event"] != "notice" })
		for i, r := range lost {
			if r["outcome"] != "failed" || r["reason"] != "unavailable" || r["mail"] != string(test.want[i]) || r["user"] != "ada" {
				t.Errorf("record %v", r)
			}
		}
		if logged := strings.Count(k.Log.String(), "a notice was not sent"); len(lost) != want || logged != want {
			t.Errorf("NOTICES=%s: %d records and %d lines, want %d", test.notices, len(lost), logged, want)
		}
	}
}

// liveThroughAll does with Ada's account what a notice is sent about, each once.
func liveThroughAll(t *testing.T, k *authtest.Kit, s *auth.Service, sessions *auth.Sessions) {
	t.Helper()
	seed, recovery := enroll(t, k, s, "ada")
	c := callerOf(t, s, "ada", code(k, seed))
	for range 12 {
		wrong := auth.FactorProof{Code: wrongDigits(k, seed)}
		_, err := s.ChangePassword(t.Context(), callerWithout(c), change(authtest.Password, chosen, wrong), profileTerms())
		wantRule(t, err, auth.RuleFactor)
		k.Clock.Advance(2 * time.Hour) // longer than any wait
	}
	c = callerOf(t, s, "ada", recovery[0])
	check(t, s.RemoveFactor(t.Context(), c, c.User.Factors.TOTP[0].ID, attempt("ada").Source))
	c = callerOf(t, s, "ada", "")
	g, err := s.ChangePassword(t.Context(), c, change(authtest.Password, chosen, auth.FactorProof{}), profileTerms())
	check(t, err)
	keep(k, g)
	check(t, sessions.SignOut(t.Context(), auth.Credentials{Access: []string{g.AccessToken}}, true, attempt("ada").Source))
}

// callerWithout returns the caller as if the session had proved no factor.
func callerWithout(c auth.Caller) auth.Caller {
	c.Session.AMR = []string{"pwd"}
	return c
}

// TestSignInNotice promises that a user hears of a completed sign-in from a source that they had not signed in from, also where a
// factor came in a second call, and of no other; and that without the setting a sign-in reads and sends nothing for it.
func TestSignInNotice(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	outbox := &taken{}
	k.Outbox = outbox
	r := limited()
	r.Notices = auth.NoticesSignIns
	s := k.Service(r)
	from := func(address string) auth.Attempt {
		a := attempt("ada")
		a.Source = auth.ParseSource(address)
		return a
	}
	for i, test := range []struct {
		attempt auth.Attempt
		want    int
	}{
		{from("192.0.2.7"), 1}, {from("192.0.2.7"), 0}, {from("192.0.2.8"), 1}, {from("192.0.2.7"), 0},
	} {
		g, err := s.Login(t.Context(), test.attempt, profileTerms())
		check(t, err)
		keep(k, g)
		if got := len(outbox.next()); got != test.want {
			t.Errorf("sign-in %d: %d notices, want %d", i+1, got, test.want)
		}
	}
	wrong := from("192.0.2.9")
	wrong.Password = "wrong"
	if _, err := s.Login(t.Context(), wrong, profileTerms()); err == nil || len(outbox.next()) > 0 {
		t.Errorf("a refused sign-in: %v", err)
	}
	k.Clock.Advance(31 * day) // the sources are forgotten
	if g, err := s.Login(t.Context(), from("192.0.2.7"), profileTerms()); err != nil || len(outbox.next()) != 1 {
		t.Errorf("after a month: %v", err)
	} else {
		keep(k, g)
	}
	seed, _ := enroll(t, k, s, "ada")
	outbox.next()
	for i, want := range []int{1, 0} {
		a := from("192.0.2.10")
		challenge := challengeOf(t, s, a, profileTerms())
		g, err := s.LoginFactor(t.Context(), auth.FactorAttempt{FactorProof: auth.FactorProof{Challenge: challenge.ID, Code: code(k, seed)}, Source: a.Source}, profileTerms())
		if err != nil || len(outbox.next()) != want {
			t.Errorf("sign-in %d with a factor: %v, want %d notices", i+1, err, want)
		}
		keep(k, g)
		k.Clock.Advance(time.Minute)
	}
}
