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
	atOnce(20, func(int) {
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
		var opened atomic.Int64
		atOnce(50, func(int) {
			a := attempt("ada")
			a.Code = auth.SentCode{Text: typed, Sent: true}
			_, err := s.Login(t.Context(), a, profileTerms())
			switch {
			case err == nil:
				opened.Add(1)
			case !errors.Is(err, auth.ErrBadCredentials) && !errors.Is(err, auth.ErrThrottled):
				t.Errorf("a %s: %v", name, err)
			}
		})
		if n := opened.Load(); n != 1 {
			t.Errorf("a %s opened %d sessions", name, n)
		}
		check(t, k.Store.ClearWrongCodes(t.Context(), "ada"))
	}
}
