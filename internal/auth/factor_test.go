package auth_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/factor"
)

// enroll gives the user an authenticator app and recovery codes, by the calls that users make, and moves the clock on so that the
// code that confirmed it is not needed any more.
func enroll(t *testing.T, k *authtest.Kit, s *auth.Service, name string) (seed factor.Seed, recovery []string) {
	t.Helper()
	g, err := s.Login(t.Context(), attempt(name), profileTerms())
	check(t, err)
	c := auth.Caller{User: g.User, Session: g.Session}
	pending, err := s.BeginTOTP(t.Context(), c, "phone")
	check(t, err)
	seed, err = factor.ParseSeed(pending.Secret)
	check(t, err)
	k.Log.Keep(pending.Secret, pending.ID, g.AccessToken)
	recovery, err = s.ConfirmTOTP(t.Context(), c, pending.ID, code(k, seed), attempt(name).Source)
	check(t, err)
	k.Log.Keep(recovery...)
	k.Clock.Advance(2 * factor.Period)
	k.Calls()
	return seed, recovery
}

func code(k *authtest.Kit, seed factor.Seed) string { return seed.Code(factor.Step(k.Clock.Now())) }

// wrongDigits returns six digits that are the code of no step near now.
func wrongDigits(k *authtest.Kit, seed factor.Seed) string {
	for i := range 1_000_000 {
		if typed := fmt.Sprintf("%06d", i); seed.Match(typed, k.Clock.Now()) == 0 {
			return typed
		}
	}
	panic("every code matches")
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// challengeOf signs in without a code and returns the challenge.
func challengeOf(t *testing.T, s *auth.Service, a auth.Attempt, terms auth.Terms) auth.Challenge {
	t.Helper()
	_, err := s.Login(t.Context(), a, terms)
	var challenged *auth.ChallengeError
	if !errors.As(err, &challenged) {
		t.Fatalf("no challenge: %v", err)
	}
	return challenged.Challenge
}

func second(challenge auth.Challenge, typed string) auth.FactorAttempt {
	return auth.FactorAttempt{FactorProof: auth.FactorProof{Challenge: challenge.ID, Code: typed}, Source: auth.ParseSource("192.0.2.7:4711")}
}

// TestTwoCalls promises that a right password gives a challenge, and the challenge with a right code the session that a user
// without a factor gets, once.
func TestTwoCalls(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	s := k.Service(rules())
	seed, _ := enroll(t, k, s, "ada")
	challenge := challengeOf(t, s, attempt("ada"), profileTerms())
	want := auth.Challenge{ID: challenge.ID, Methods: []auth.Method{auth.MethodTOTP, auth.MethodRecovery}, ExpiresIn: 5 * time.Minute}
	if d := cmp.Diff(want, challenge); d != "" {
		t.Errorf("the challenge differs (-want +got):\n%s", d)
	}
	if _, err := s.LoginFactor(t.Context(), second(challenge, wrongDigits(k, seed)), profileTerms()); !errors.Is(err, auth.ErrBadCredentials) {
		t.Errorf("a wrong code: %v", err)
	}
	g, err := s.LoginFactor(t.Context(), second(challenge, code(k, seed)), profileTerms())
	check(t, err)
	if d := cmp.Diff([]string{"pwd", "otp", "mfa"}, session(t, k, g).AMR); d != "" || g.RefreshToken == "" || g.User.ID != "ada" {
		t.Errorf("the grant is %+v, amr differs (-want +got):\n%s", g, d)
	}
	claims := k.Claims(t, g.AccessToken)
	if !slices.Equal(claims.AMR, []string{"pwd", "otp", "mfa"}) || !claims.AuthTime.Equal(k.Clock.Now().Truncate(time.Second)) {
		t.Errorf("the claims are %+v", claims)
	}
	k.Clock.Advance(factor.Period)
	if _, err := s.LoginFactor(t.Context(), second(challenge, code(k, seed)), profileTerms()); !errors.Is(err, auth.ErrBadCredentials) {
		t.Errorf("the challenge works twice: %v", err)
	}
}

// TestOneCall promises that a code sent with the password opens the session at once, that a used or wrong one is a wrong password, and
// that users without a factor may send any code.
func TestOneCall(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	s := k.Service(rules())
	seed, recovery := enroll(t, k, s, "ada")
	login := func(name, typed string) error {
		a := attempt(name)
		a.Code = auth.SentCode{Text: typed, Sent: true}
		_, err := s.Login(t.Context(), a, profileTerms())
		return err
	}
	right := code(k, seed)
	for _, step := range []struct {
		user, typed string
		want        error
	}{
		{"ada", right, nil}, {"ada", right, auth.ErrBadCredentials}, {"ada", wrongDigits(k, seed), auth.ErrBadCredentials},
		{"ada", recovery[0], nil}, {"ada", recovery[0], auth.ErrBadCredentials}, {"ada", strings.ToLower(recovery[1]), nil},
		{"ada", "garbage", auth.ErrBadCredentials}, {"grace", right, nil}, {"grace", "garbage", nil}, {"ada", "", auth.ErrChallenged},
	} {
		if err := login(step.user, step.typed); !errors.Is(err, step.want) {
			t.Errorf("%s with %q: %v, want %v", step.user, step.typed, err, step.want)
		}
	}
}

// TestCodesWait promises five wrong codes without a wait, waits that double, that a right code has to wait too, that a recovery
// code need not, and that a right code clears the count.
func TestCodesWait(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	s := k.Service(rules())
	seed, recovery := enroll(t, k, s, "ada")
	try := func(typed string) error {
		_, err := s.LoginFactor(t.Context(), second(challengeOf(t, s, attempt("ada"), profileTerms()), typed), profileTerms())
		return err
	}
	for i := range 5 {
		if err := try(wrongDigits(k, seed)); !errors.Is(err, auth.ErrBadCredentials) {
			t.Fatalf("wrong code %d: %v", i+1, err)
		}
	}
	for i, wait := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
		for _, typed := range []string{wrongDigits(k, seed), code(k, seed)} {
			var throttled *auth.ThrottledError
			if err := try(typed); !errors.As(err, &throttled) || throttled.Wait != wait {
				t.Errorf("wait %d: %v, want %v", i+1, err, wait)
			}
		}
		k.Clock.Advance(wait)
		if err := try(wrongDigits(k, seed)); !errors.Is(err, auth.ErrBadCredentials) {
			t.Fatalf("after wait %d: %v", i+1, err)
		}
	}
	check(t, try(recovery[0]))
	for range 5 {
		if err := try(wrongDigits(k, seed)); !errors.Is(err, auth.ErrBadCredentials) {
			t.Fatalf("the count was not cleared: %v", err)
		}
	}
}

// TestHundredWrongCodes promises that after a hundred wrong codes only a recovery code or an operator helps, however long one waits.
func TestHundredWrongCodes(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	s := k.Service(rules())
	seed, recovery := enroll(t, k, s, "ada")
	try := func(typed string) error {
		_, err := s.LoginFactor(t.Context(), second(challengeOf(t, s, attempt("ada"), profileTerms()), typed), profileTerms())
		return err
	}
	for range 100 {
		if err := try(wrongDigits(k, seed)); !errors.Is(err, auth.ErrBadCredentials) {
			t.Fatal(err)
		}
		k.Clock.Advance(2 * time.Hour)
	}
	k.Clock.Advance(365 * day)
	if err := try(code(k, seed)); !errors.Is(err, auth.ErrThrottled) {
		t.Errorf("a right code after a hundred wrong ones: %v", err)
	}
	check(t, k.Store.ClearWrongCodes(t.Context(), "ada"))
	check(t, try(code(k, seed)))
	check(t, try(recovery[0]))
}

// TestParallelCodes promises that 50 uses of one code at once give one session, and that of 200 guesses at once no more than five are
// looked at.
func TestParallelCodes(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	s := k.Service(rules())
	seed, _ := enroll(t, k, s, "ada")
	atOnce := func(n int, typed func(i int) string) (granted, refused, throttled int) {
		challenge := challengeOf(t, s, attempt("ada"), profileTerms())
		var mu sync.Mutex
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				_, err := s.LoginFactor(t.Context(), second(challenge, typed(i)), profileTerms())
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					granted++
				case errors.Is(err, auth.ErrThrottled):
					throttled++
				case errors.Is(err, auth.ErrBadCredentials):
					refused++
				default:
					t.Errorf("%v", err)
				}
			})
		}
		wg.Wait()
		return granted, refused, throttled
	}
	right := code(k, seed)
	if granted, _, _ := atOnce(50, func(int) string { return right }); granted != 1 {
		t.Errorf("one code gave %d sessions", granted)
	}
	k.Clock.Advance(2 * time.Hour)
	check(t, k.Store.ClearWrongCodes(t.Context(), "ada"))
	bad := wrongDigits(k, seed)
	if granted, refused, _ := atOnce(200, func(int) string { return bad }); granted != 0 || refused > 5 {
		t.Errorf("of 200 wrong codes %d were let in and %d looked at", granted, refused)
	}
}

// TestChallengeIsBound promises that a challenge is worth nothing changed, late, after a new password, by another contract, with
// another client, for another purpose, or once the factor is gone.
func TestChallengeIsBound(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	s := k.Service(rules())
	seed, _ := enroll(t, k, s, "ada")
	key := k.Client(t, auth.ClientStandard, false)
	withKey := attempt("ada")
	withKey.APIKey = key
	try := func(name string, want error, a auth.FactorAttempt, terms auth.Terms) {
		t.Helper()
		if _, err := s.LoginFactor(t.Context(), a, terms); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	challenge := challengeOf(t, s, attempt("ada"), profileTerms())
	keyed := challengeOf(t, s, withKey, profileTerms())
	for i := range challenge.ID {
		changed := []byte(challenge.ID)
		changed[i] ^= 1
		try(fmt.Sprintf("byte %d changed", i), auth.ErrBadCredentials, second(auth.Challenge{ID: string(changed)}, code(k, seed)), profileTerms())
	}
	for _, text := range []string{"", ".", "x.y", challenge.ID + ".", challenge.ID + "\n", strings.Repeat("a", 10_000)} {
		try(fmt.Sprintf("%.20q", text), auth.ErrBadCredentials, second(auth.Challenge{ID: text}, code(k, seed)), profileTerms())
	}
	try("another contract", auth.ErrBadCredentials, second(challenge, code(k, seed)), accountTerms())
	try("without its client", auth.ErrUnknownClient, second(keyed, code(k, seed)), profileTerms())
	if _, _, err := s.Enrolling(t.Context(), challenge.ID, attempt("ada").Source); !errors.Is(err, auth.ErrNoSession) {
		t.Errorf("a sign-in's challenge passes for an enrollment: %v", err)
	}
	k.Clock.Advance(5 * time.Minute)
	try("late", auth.ErrBadCredentials, second(challenge, code(k, seed)), profileTerms())
	challenge = challengeOf(t, s, attempt("ada"), profileTerms())
	k.Update(t, "ada", func(u *auth.User) { u.PasswordEpoch++ })
	try("after a new password", auth.ErrBadCredentials, second(challenge, code(k, seed)), profileTerms())
}

// TestForeignCodes promises that codes of another user are wrong, also for a right challenge, and that a code which signed in is used up
// for a change of the password too.
func TestForeignCodes(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	s := k.Service(rules())
	ada, adas := enroll(t, k, s, "ada")
	grace, _ := enroll(t, k, s, "grace")
	for name, typed := range map[string]string{"code": code(k, ada), "recovery code": adas[0]} {
		a := attempt("grace")
		a.Code = auth.SentCode{Text: typed, Sent: true}
		if _, err := s.Login(t.Context(), a, profileTerms()); !errors.Is(err, auth.ErrBadCredentials) {
			t.Errorf("another user's %s: %v", name, err)
		}
		if _, err := s.LoginFactor(t.Context(), second(challengeOf(t, s, attempt("grace"), profileTerms()), typed), profileTerms()); !errors.Is(err, auth.ErrBadCredentials) {
			t.Errorf("another user's %s with a challenge: %v", name, err)
		}
	}
	if _, err := s.LoginFactor(t.Context(), second(challengeOf(t, s, attempt("ada"), profileTerms()), code(k, grace)), profileTerms()); !errors.Is(err, auth.ErrBadCredentials) {
		t.Errorf("another user's challenge: %v", err)
	}
	used := code(k, ada)
	c := callerOf(t, s, "ada", used)
	_, err := s.ChangePassword(t.Context(), c, change(authtest.Password, chosen, auth.FactorProof{Code: used}), profileTerms())
	wantRule(t, err, auth.RuleFactor)
	_, err = s.ChangePassword(t.Context(), c, change(authtest.Password, chosen, auth.FactorProof{Code: adas[0]}), profileTerms())
	wantRule(t, err, "")
}

// TestEnrollment promises that a user whose role must have a factor gets no session before they have one, and that confirming it
// finishes the sign-in.
func TestEnrollment(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	r := rules()
	r.FactorRoles = []string{"Organization Owner"}
	s := k.Service(r)
	source := attempt("grace").Source
	challenge := challengeOf(t, s, attempt("grace"), accountTerms())
	if !challenge.Enroll || len(challenge.Methods) != 0 || challenge.ExpiresIn != 15*time.Minute {
		t.Errorf("the challenge is %+v", challenge)
	}
	if _, err := s.LoginFactor(t.Context(), second(challenge, "123456"), accountTerms()); !errors.Is(err, auth.ErrBadCredentials) {
		t.Errorf("an enrollment's challenge passes for a sign-in's: %v", err)
	}
	c, contract, err := s.Enrolling(t.Context(), challenge.ID, source)
	check(t, err)
	pending, err := s.BeginTOTP(t.Context(), c, "")
	check(t, err)
	seed, err := factor.ParseSeed(pending.Secret)
	check(t, err)
	g, recovery, err := s.Enroll(t.Context(), challenge.ID, pending.ID, code(k, seed), source, accountTerms())
	check(t, err)
	if contract != "account" || len(recovery) != 10 || !slices.Contains(session(t, k, g).AMR, "mfa") {
		t.Errorf("contract %q, %d recovery codes, session %+v", contract, len(recovery), g.Session)
	}
	if _, _, err := s.Enrolling(t.Context(), challenge.ID, source); !errors.Is(err, auth.ErrNoSession) {
		t.Errorf("the challenge enrolls twice: %v", err)
	}
}

// TestRefusedEnrollment promises that an impersonator whose target is refused gets no factor, because the refusal shows no
// recovery codes, and that the same app can be confirmed once the target may be impersonated.
func TestRefusedEnrollment(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	r := rules()
	r.FactorRoles = []string{"support"}
	s := k.Service(r)
	setStatus := func(status auth.Status) { k.Update(t, "ada", func(u *auth.User) { u.Status = status }) }
	a := attempt("margaret")
	a.Impersonate = authtest.Identifier("ada@example.com")
	challenge := challengeOf(t, s, a, profileTerms())
	c, _, err := s.Enrolling(t.Context(), challenge.ID, a.Source)
	check(t, err)
	pending, err := s.BeginTOTP(t.Context(), c, "")
	check(t, err)
	seed, err := factor.ParseSeed(pending.Secret)
	check(t, err)

	setStatus(auth.StatusDisabled)
	if _, _, err := s.Enroll(t.Context(), challenge.ID, pending.ID, code(k, seed), a.Source, profileTerms()); !errors.Is(err, auth.ErrImpersonation) {
		t.Errorf("a disabled target: %v", err)
	}
	if u, err := k.Store.UserByID(t.Context(), "margaret"); err != nil || u.Factors.Any() {
		t.Errorf("a factor without recovery codes was stored: %v", err)
	}
	setStatus(auth.StatusReady)
	k.Clock.Advance(factor.Period)
	if _, recovery, err := s.Enroll(t.Context(), challenge.ID, pending.ID, code(k, seed), a.Source, profileTerms()); err != nil || len(recovery) != 10 {
		t.Errorf("a target that is ready: %d recovery codes, %v", len(recovery), err)
	}
}

// TestAppendedCode promises that with append mode six digits at the end of the password are the code, in that case only, and that
// a stronger hash is made without them.
func TestAppendedCode(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	r := rules()
	r.FactorAppend = true
	s := k.Service(r)
	seed, _ := enroll(t, k, s, "ada")
	login := func(name, password string, sent auth.SentCode) error {
		a := attempt(name)
		a.Password, a.Code = password, sent
		_, err := s.Login(t.Context(), a, profileTerms())
		return err
	}
	for _, step := range []struct {
		name, user, password string
		sent                 auth.SentCode
		want                 error
	}{
		{"appended", "ada", authtest.Password + code(k, seed), auth.SentCode{}, nil},
		{"used", "ada", authtest.Password + code(k, seed), auth.SentCode{}, auth.ErrBadCredentials},
		{"with a member code", "ada", authtest.Password + code(k, seed), auth.SentCode{Sent: true}, auth.ErrBadCredentials},
		{"without digits", "ada", authtest.Password, auth.SentCode{}, auth.ErrChallenged},
		{"the code alone", "ada", code(k, seed), auth.SentCode{}, auth.ErrBadCredentials},
		{"no factor", "grace", authtest.Password + "123456", auth.SentCode{}, auth.ErrBadCredentials},
		{"no factor, right", "grace", authtest.Password, auth.SentCode{}, nil},
		{"unknown", "nobody", authtest.Password + "123456", auth.SentCode{}, auth.ErrBadCredentials},
	} {
		if err := login(step.user, step.password, step.sent); !errors.Is(err, step.want) {
			t.Errorf("%s: %v, want %v", step.name, err, step.want)
		}
	}
}

// TestIntegrationFactor promises that integrations are asked for a factor if the deployment says so, or the user's role.
func TestIntegrationFactor(t *testing.T) {
	for _, test := range []struct {
		name     string
		required bool
		roles    []string
		want     error
	}{
		{"exempt", false, nil, nil}, {"required", true, nil, auth.ErrChallenged}, {"by role", false, []string{authtest.Ada().Role}, auth.ErrChallenged},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := authtest.NewKit(t, users()...)
			r := rules()
			enroll(t, k, k.Service(r), "ada")
			r.FactorIntegrations, r.FactorRoles = test.required, test.roles
			a := attempt("ada")
			a.APIKey = k.Client(t, auth.ClientIntegration, false)
			if _, err := k.Service(r).Login(t.Context(), a, profileTerms()); !errors.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
		})
	}
}

// TestImpersonatorProvesFactor promises that impersonation asks for the caller's factor and never for the target's, and that a
// refusal about role or target comes only after it.
func TestImpersonatorProvesFactor(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	s := k.Service(rules())
	seed, _ := enroll(t, k, s, "margaret")
	adaSeed, _ := enroll(t, k, s, "ada")
	as := func(caller, target string) auth.Attempt {
		a := attempt(caller)
		a.Impersonate = authtest.Identifier(target + "@example.com")
		return a
	}
	g, err := s.LoginFactor(t.Context(), second(challengeOf(t, s, as("margaret", "ada"), profileTerms()), code(k, seed)), profileTerms())
	check(t, err)
	if g.User.ID != "ada" || g.Session.ActorID != "margaret" {
		t.Errorf("the session is %+v", g.Session)
	}
	challenge := challengeOf(t, s, as("ada", "grace"), profileTerms()) // ada may not impersonate
	if _, err := s.LoginFactor(t.Context(), second(challenge, code(k, adaSeed)), profileTerms()); !errors.Is(err, auth.ErrImpersonation) {
		t.Errorf("after the factor: %v", err)
	}
}

// TestChallengeLeavesCounters promises that a right password without its factor, or with a wrong one, stays counted for user and source,
// adds nothing to totals, and makes no source known, until the factor is in.
func TestChallengeLeavesCounters(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	r := rules()
	r.Limits = auth.Limits{Free: 5, MaxBackoff: time.Minute, User: auth.Rate{Failures: 50, Span: time.Hour}, Source: auth.Rate{Failures: 100, Span: time.Hour}, Known: day}
	s := k.Service(r)
	seed, _ := enroll(t, k, s, "ada")
	keys, err := auth.NewAttemptKeys(t.Context(), k.Keyring, attempt("ada").Identifier, auth.ParseSource("198.51.100.1:1"))
	check(t, err)
	counters := func() auth.Counters {
		found, err := k.Store.LookUp(t.Context(), auth.LookupQuery{Attempts: keys})
		check(t, err)
		return found.Counters
	}
	a := attempt("ada")
	a.Source = auth.ParseSource("198.51.100.1:1")
	challengeOf(t, s, a, profileTerms())
	challenge := challengeOf(t, s, a, profileTerms())
	wrong := a
	wrong.Code = auth.SentCode{Text: wrongDigits(k, seed), Sent: true}
	if _, err := s.Login(t.Context(), wrong, profileTerms()); !errors.Is(err, auth.ErrBadCredentials) {
		t.Errorf("a wrong code: %v", err)
	}
	if c := counters(); c.Pair.Failures != 3 || !c.Pair.KnownUntil.IsZero() || c.User.Failures != 0 || c.Source.Failures != 0 {
		t.Errorf("after two challenges and a wrong code: %+v", c)
	}
	f := second(challenge, code(k, seed))
	f.Source = a.Source
	_, err = s.LoginFactor(t.Context(), f, profileTerms())
	check(t, err)
	if c := counters(); c.Pair.Failures != 0 || !c.Pair.KnownUntil.Equal(k.Clock.Now().Add(day).Truncate(time.Millisecond)) {
		t.Errorf("after the factor: %+v", c)
	}
}

// TestSecondCallObeysSource promises that the window of a source refuses even right codes of the second call, and that wrong ones, which
// have a counter of their own, add nothing to it.
func TestSecondCallObeysSource(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	r := rules()
	r.Limits = auth.Limits{Source: auth.Rate{Failures: 3, Span: time.Hour}}
	s := k.Service(r)
	seed, _ := enroll(t, k, s, "ada")
	challenge := challengeOf(t, s, attempt("ada"), profileTerms())
	for range 4 {
		if _, err := s.LoginFactor(t.Context(), second(challenge, wrongDigits(k, seed)), profileTerms()); !errors.Is(err, auth.ErrBadCredentials) {
			t.Fatalf("a wrong code: %v", err)
		}
	}
	for range 3 {
		if _, err := s.Login(t.Context(), attempt("nobody"), profileTerms()); !errors.Is(err, auth.ErrBadCredentials) {
			t.Fatalf("an unknown user: %v", err)
		}
	}
	if _, err := s.LoginFactor(t.Context(), second(challenge, code(k, seed)), profileTerms()); !errors.Is(err, auth.ErrThrottled) {
		t.Errorf("a source over its limit: %v", err)
	}
	elsewhere := second(challenge, code(k, seed))
	elsewhere.Source = auth.ParseSource("198.51.100.1:1")
	if _, err := s.LoginFactor(t.Context(), elsewhere, profileTerms()); err != nil {
		t.Errorf("another source: %v", err)
	}
}

// TestUnreadableSeed promises that a stored seed which does not open is our fault: no refusal, no session, no count.
func TestUnreadableSeed(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	s := k.Service(rules())
	seed, _ := enroll(t, k, s, "ada")
	u, err := k.Store.UserByID(t.Context(), "ada")
	check(t, err)
	u.Factors.TOTP[0].Sealed[20] ^= 1
	check(t, k.Store.SetFactors(t.Context(), "ada", u.Version, u.Factors, nil))
	challenge := challengeOf(t, s, attempt("ada"), profileTerms())
	if _, err := s.LoginFactor(t.Context(), second(challenge, code(k, seed)), profileTerms()); !errors.Is(err, auth.ErrUnavailable) || errors.Is(err, auth.ErrBadCredentials) {
		t.Errorf("%v", err)
	}
	state, err := k.Store.FactorState(t.Context(), "ada")
	check(t, err)
	if state.Codes.Wrong != 0 {
		t.Errorf("%d wrong codes were counted", state.Codes.Wrong)
	}
}

// TestSessionFromBefore promises that a session which was stored before there were factors counts as authenticated when it was created, by
// no known method: it sets up a first factor in time, changes nothing of a user who has one, and is not refreshed where one is needed.
func TestSessionFromBefore(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	s := k.Service(rules())
	g, err := s.Login(t.Context(), attempt("ada"), profileTerms())
	check(t, err)
	old := g.Session
	old.AMR, old.AuthTime = nil, time.Time{}
	check(t, k.Store.EndSessions(t.Context(), "ada", ""))
	check(t, k.Store.PutSession(t.Context(), old))

	k.Clock.Advance(time.Minute)
	g, err = k.Sessions(rules()).Refresh(t.Context(), g.RefreshToken, attempt("ada").Source, day)
	check(t, err)
	if claims := k.Claims(t, g.AccessToken); len(claims.AMR) > 0 || !claims.AuthTime.Equal(old.CreatedAt.Truncate(time.Second)) {
		t.Errorf("claims after a refresh: %+v", claims)
	}
	begin := func() error {
		u, err := k.Store.UserByID(t.Context(), "ada")
		check(t, err)
		_, err = s.BeginTOTP(t.Context(), auth.Caller{User: u, Session: g.Session}, "")
		return err
	}
	check(t, begin())
	enroll(t, k, s, "ada")
	if err := begin(); !errors.Is(err, auth.ErrStepUp) {
		t.Errorf("a user who has a factor: %v", err)
	}
	r := rules()
	r.FactorRoles = []string{authtest.Ada().Role}
	if _, err := k.Sessions(r).Refresh(t.Context(), g.RefreshToken, attempt("ada").Source, day); !errors.Is(err, auth.ErrNoSession) {
		t.Errorf("a role that must have a factor: %v", err)
	}
}

// TestRefreshNeedsFactor promises that a session without a factor is not refreshed once the role must have one, and that adding a
// factor ends no session.
func TestRefreshNeedsFactor(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	s := k.Service(rules())
	g, err := s.Login(t.Context(), attempt("ada"), profileTerms())
	check(t, err)
	seed, _ := enroll(t, k, s, "ada")
	g, err = k.Sessions(rules()).Refresh(t.Context(), g.RefreshToken, attempt("ada").Source, day)
	check(t, err)
	if !slices.Equal(g.Session.AMR, []string{"pwd"}) {
		t.Errorf("amr after a refresh: %v", g.Session.AMR)
	}
	r := rules()
	r.FactorRoles = []string{authtest.Ada().Role}
	if _, err := k.Sessions(r).Refresh(t.Context(), g.RefreshToken, attempt("ada").Source, day); !errors.Is(err, auth.ErrNoSession) {
		t.Errorf("a session without the factor is refreshed: %v", err)
	}
	g, err = s.LoginFactor(t.Context(), second(challengeOf(t, s, attempt("ada"), profileTerms()), code(k, seed)), profileTerms())
	check(t, err)
	at := k.Clock.Now()
	k.Clock.Advance(time.Hour)
	g, err = k.Sessions(r).Refresh(t.Context(), g.RefreshToken, attempt("ada").Source, day)
	check(t, err)
	if claims := k.Claims(t, g.AccessToken); !slices.Contains(claims.AMR, "mfa") || !claims.AuthTime.Equal(at.Truncate(time.Second)) {
		t.Errorf("claims after a refresh: %+v", claims)
	}
}
