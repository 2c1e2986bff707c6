package auth_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/factor"
)

// atOnce runs n calls at the same time.
func atOnce(n int, call func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { call(i) })
	}
	wg.Wait()
}

// TestParallelEnrollments promises that of several first factors confirmed at once exactly one is stored, and that the recovery codes
// which were shown with it work: the others need a proof of the first.
func TestParallelEnrollments(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	s := k.Service(rules())
	c := signedIn(t, k, s, "ada", nil)
	const n = 10
	var pending [n]auth.PendingTOTP
	var seeds [n]factor.Seed
	for i := range n {
		var err error
		pending[i], err = s.BeginTOTP(t.Context(), c, "")
		check(t, err)
		seeds[i], err = factor.ParseSeed(pending[i].Secret)
		check(t, err)
	}
	var recovery [n][]string
	var errs [n]error
	atOnce(n, func(i int) {
		recovery[i], errs[i] = s.ConfirmTOTP(t.Context(), c, pending[i].ID, code(k, seeds[i]), attempt("ada").Source)
	})
	stored := 0
	for i, err := range errs {
		switch {
		case err == nil:
			stored++
			a := attempt("ada")
			a.Code = auth.SentCode{Text: recovery[i][0], Sent: true}
			_, err := s.Login(t.Context(), a, profileTerms())
			check(t, err)
		case !errors.Is(err, auth.ErrStepUp):
			t.Errorf("enrollment %d: %v", i, err)
		}
	}
	if u, err := k.Store.UserByID(t.Context(), "ada"); err != nil || len(u.Factors.TOTP) != 1 || stored != 1 {
		t.Errorf("%d confirmed, %d stored, %v", stored, len(u.Factors.TOTP), err)
	}
}

// TestParallelFirstSignIns promises that an enrollment challenge which is used many times at once opens one session and stores one
// factor.
func TestParallelFirstSignIns(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	r := rules()
	r.FactorRoles = []string{"Organization Owner"}
	s := k.Service(r)
	source := attempt("grace").Source
	challenge := challengeOf(t, s, attempt("grace"), accountTerms())
	c, _, err := s.Enrolling(t.Context(), challenge.ID, source)
	check(t, err)
	pending, err := s.BeginTOTP(t.Context(), c, "")
	check(t, err)
	seed, err := factor.ParseSeed(pending.Secret)
	check(t, err)
	var mu sync.Mutex
	opened := 0
	atOnce(50, func(int) {
		if _, _, err := s.Enroll(t.Context(), challenge.ID, pending.ID, code(k, seed), source, accountTerms()); err == nil {
			mu.Lock()
			opened++
			mu.Unlock()
		}
	})
	u, err := k.Store.UserByID(t.Context(), "grace")
	if err != nil || opened != 1 || len(u.Factors.TOTP) != 1 {
		t.Errorf("%d sessions, %d factors, %v", opened, len(u.Factors.TOTP), err)
	}
}

// TestCodesAtOnce promises that a code and a recovery code open one session when fifty sign-ins send them at once, each with the right
// password and so with a challenge of its own.
func TestCodesAtOnce(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	s := k.Service(rules())
	seed, recovery := enroll(t, k, s, "ada")
	for name, typed := range map[string]string{"code": code(k, seed), "recovery code": recovery[0]} {
		opensOnce(t, "a "+name, 50, func(int) error {
			a := attempt("ada")
			a.Code = auth.SentCode{Text: typed, Sent: true}
			_, err := s.Login(t.Context(), a, profileTerms())
			return err
		})
		check(t, k.Store.ClearWrongCodes(t.Context(), "ada"))
	}
}

// opensOnce checks that of n concurrent calls one succeeds, and that the others are refused or have to wait.
func opensOnce(t *testing.T, what string, n int, call func(i int) error) {
	t.Helper()
	var opened atomic.Int64
	atOnce(n, func(i int) {
		switch err := call(i); {
		case err == nil:
			opened.Add(1)
		case !errors.Is(err, auth.ErrBadCredentials) && !errors.Is(err, auth.ErrThrottled) && !errors.Is(err, auth.ErrNoSession):
			t.Errorf("%s: %v", what, err)
		}
	})
	if opened.Load() != 1 {
		t.Errorf("%s opened %d sessions", what, opened.Load())
	}
}

// TestChallengesAtOnce promises that a challenge opens one session, whatever right proofs come with it at once: each of the ten recovery
// codes, and one passkey's assertion fifty times.
func TestChallengesAtOnce(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	s := k.Service(passkeyRules())
	a := authtest.NewAuthenticator(t, -7, authtest.Page)
	challenge, options, err := s.BeginPasskey(t.Context(), signedIn(t, k, s, "ada", nil))
	check(t, err)
	c := signedIn(t, k, s, "ada", nil)
	_, recovery, err := s.AddPasskey(t.Context(), c, auth.NewPasskey{Challenge: challenge, Credential: authtest.Make(t, a, options)}, attempt("ada").Source)
	check(t, err)

	asked := challengeOf(t, s, attempt("ada"), profileTerms())
	opensOnce(t, "a challenge with ten recovery codes", len(recovery), func(i int) error {
		_, err := s.LoginFactor(t.Context(), second(asked, recovery[i]), profileTerms())
		return err
	})
	signed := byPasskey(t, a, challengeOf(t, s, attempt("ada"), profileTerms()))
	opensOnce(t, "an assertion after a password", 50, func(int) error {
		_, err := s.LoginFactor(t.Context(), signed, profileTerms())
		return err
	})
	alone := authtest.PasskeyAttempt(t, s, a)
	opensOnce(t, "an assertion alone", 50, func(int) error {
		_, err := s.LoginPasskey(t.Context(), alone, profileTerms())
		return err
	})
}

// TestPasskeyEnrollmentsAtOnce promises the same of an enrollment challenge and a new passkey; one is stored.
func TestPasskeyEnrollmentsAtOnce(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	r := passkeyRules()
	r.FactorRoles = []string{"Organization Owner"}
	s := k.Service(r)
	source := attempt("grace").Source
	asked := challengeOf(t, s, attempt("grace"), accountTerms())
	c, _, err := s.Enrolling(t.Context(), asked.ID, source)
	check(t, err)
	var made [50]auth.NewPasskey
	for i := range made {
		challenge, options, err := s.BeginPasskey(t.Context(), c)
		check(t, err)
		made[i] = auth.NewPasskey{Challenge: challenge, Credential: authtest.Make(t, authtest.NewAuthenticator(t, -7, authtest.Page), options)}
	}
	opensOnce(t, "an enrollment challenge", len(made), func(i int) error {
		_, _, err := s.EnrollPasskey(t.Context(), asked.ID, made[i], source, accountTerms())
		return err
	})
	if u, err := k.Store.UserByID(t.Context(), "grace"); err != nil || len(u.Factors.Passkeys) != 1 {
		t.Errorf("%d passkeys are stored, %v", len(u.Factors.Passkeys), err)
	}
}
