package auth_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/factor"
)

// signedIn returns the caller of a fresh session, with a code if the user has an app.
func signedIn(t *testing.T, k *authtest.Kit, s *auth.Service, name string, seed factor.Seed) auth.Caller {
	t.Helper()
	a := attempt(name)
	if seed != nil {
		k.Clock.Advance(factor.Period)
		a.Code = auth.SentCode{Text: code(k, seed), Sent: true}
	}
	g, err := s.Login(t.Context(), a, profileTerms())
	check(t, err)
	return auth.Caller{User: g.User, Session: g.Session}
}

// TestStepUp promises that changes need a sign-in of at most five minutes ago, with the factor if there is one; reading does not.
func TestStepUp(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	s := k.Service(rules())
	without := signedIn(t, k, s, "ada", nil)
	seed, _ := enroll(t, k, s, "ada")
	with := signedIn(t, k, s, "ada", seed)
	without.User = with.User
	change := func(c auth.Caller) error {
		_, err := s.BeginTOTP(t.Context(), c, "")
		return err
	}
	if err := change(without); !errors.Is(err, auth.ErrStepUp) {
		t.Errorf("without the factor: %v", err)
	}
	k.Clock.Advance(5 * time.Minute)
	check(t, change(with))
	k.Clock.Advance(time.Second)
	if err := change(with); !errors.Is(err, auth.ErrStepUp) {
		t.Errorf("too late: %v", err)
	}
	_, _, err := s.OwnFactors(t.Context(), with)
	check(t, err)
}

// TestWhoseFactors promises that impersonators and integrations can neither see nor change factors.
func TestWhoseFactors(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	s := k.Service(rules())
	imp := attempt("margaret")
	imp.Impersonate = authtest.Identifier("ada@example.com")
	integration := attempt("ada")
	integration.APIKey = k.Client(t, auth.ClientIntegration, false)
	for name, a := range map[string]auth.Attempt{"impersonator": imp, "integration": integration} {
		g, err := s.Login(t.Context(), a, profileTerms())
		check(t, err)
		c := auth.Caller{User: g.User, Session: g.Session}
		_, _, list := s.OwnFactors(t.Context(), c)
		_, begin := s.BeginTOTP(t.Context(), c, "")
		_, confirm := s.ConfirmTOTP(t.Context(), c, "any", "123456", a.Source)
		_, recovery := s.ReplaceRecovery(t.Context(), c, a.Source)
		remove := s.RemoveFactor(t.Context(), c, "any", a.Source)
		for _, err := range []error{list, begin, confirm, recovery, remove} {
			if !errors.Is(err, auth.ErrImpersonation) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// TestConfirm promises that an app is stored by its own fresh code only, within ten minutes, once.
func TestConfirm(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	s := k.Service(rules())
	c, source := signedIn(t, k, s, "ada", nil), attempt("ada").Source
	pending, err := s.BeginTOTP(t.Context(), c, "phone")
	check(t, err)
	seed, err := factor.ParseSeed(pending.Secret)
	check(t, err)
	confirm := func(c auth.Caller, id, typed string) error {
		_, err := s.ConfirmTOTP(t.Context(), c, id, typed, source)
		return err
	}
	grace := signedIn(t, k, s, "grace", nil)
	for _, step := range []struct {
		name, id, typed string
		c               auth.Caller
		want            error
	}{
		{"a wrong code", pending.ID, wrongDigits(k, seed), c, auth.ErrCode},
		{"garbage", pending.ID, "garbage", c, auth.ErrCode},
		{"another id", pending.ID[1:], code(k, seed), c, auth.ErrPending},
		{"no id", "", code(k, seed), c, auth.ErrPending},
		{"another user", pending.ID, code(k, seed), grace, auth.ErrPending},
	} {
		if err := confirm(step.c, step.id, step.typed); !errors.Is(err, step.want) {
			t.Errorf("%s: %v, want %v", step.name, err, step.want)
		}
	}
	check(t, confirm(c, pending.ID, code(k, seed)))
	again := signedIn(t, k, s, "ada", seed)
	same := auth.Caller{User: again.User, Session: c.Session} // proved no factor
	for name, caller := range map[string]auth.Caller{"a new session": again, "the same session": same} {
		if err := confirm(caller, pending.ID, code(k, seed)); !errors.Is(err, auth.ErrConflict) {
			t.Errorf("confirmed twice by %s: %v", name, err)
		}
	}
	if err := confirm(same, "AA", code(k, seed)); !errors.Is(err, auth.ErrStepUp) {
		t.Errorf("another app without the factor: %v", err)
	}
	stored := again.User.Factors.TOTP[0]
	if stored.Name != "phone" || strings.Contains(pending.ID, string(stored.Sealed)) {
		t.Errorf("stored as %+v", stored)
	}
}

// TestPendingExpires promises that a seed that was not confirmed in ten minutes is gone.
func TestPendingExpires(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	s := k.Service(rules())
	pending, err := s.BeginTOTP(t.Context(), signedIn(t, k, s, "ada", nil), "")
	check(t, err)
	seed, err := factor.ParseSeed(pending.Secret)
	check(t, err)
	k.Clock.Advance(10 * time.Minute)
	_, err = s.ConfirmTOTP(t.Context(), signedIn(t, k, s, "ada", nil), pending.ID, code(k, seed), attempt("ada").Source)
	if !errors.Is(err, auth.ErrPending) {
		t.Errorf("%v", err)
	}
}

// TestRemoveFactor promises that the last factor takes the recovery codes along, and stays where the role must have one.
func TestRemoveFactor(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	s, source := k.Service(rules()), attempt("ada").Source
	seed, _ := enroll(t, k, s, "ada")
	c := signedIn(t, k, s, "ada", seed)
	id := c.User.Factors.TOTP[0].ID
	if err := s.RemoveFactor(t.Context(), c, "another", source); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("another id: %v", err)
	}
	r := rules()
	r.FactorRoles = []string{c.User.Role}
	if err := k.Service(r).RemoveFactor(t.Context(), c, id, source); !errors.Is(err, auth.ErrLastFactor) {
		t.Errorf("where the role needs one: %v", err)
	}
	check(t, s.RemoveFactor(t.Context(), c, id, source))
	state, err := k.Store.FactorState(t.Context(), "ada")
	check(t, err)
	if len(state.Recovery)+len(state.Uses) != 0 {
		t.Errorf("left behind: %+v", state)
	}
	_, err = s.Login(t.Context(), attempt("ada"), profileTerms())
	check(t, err)
}

// TestReplaceRecovery promises ten new codes, and that the old ones stop working.
func TestReplaceRecovery(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	s := k.Service(rules())
	seed, old := enroll(t, k, s, "ada")
	codes, err := s.ReplaceRecovery(t.Context(), signedIn(t, k, s, "ada", seed), attempt("ada").Source)
	check(t, err)
	k.Log.Keep(codes...)
	login := func(typed string) error {
		a := attempt("ada")
		a.Code = auth.SentCode{Text: typed, Sent: true}
		_, err := s.Login(t.Context(), a, profileTerms())
		return err
	}
	if err := login(old[0]); !errors.Is(err, auth.ErrBadCredentials) {
		t.Errorf("an old code: %v", err)
	}
	if len(codes) != 10 {
		t.Errorf("%d codes", len(codes))
	}
	check(t, login(codes[9]))
}
