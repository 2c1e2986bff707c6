package auth_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

const chosen = "a walrus in the attic"

// callerOf signs the user in and returns the caller of the session.
func callerOf(t *testing.T, s *auth.Service, name, typed string) auth.Caller {
	t.Helper()
	a := attempt(name)
	a.Code = auth.SentCode{Text: typed, Sent: typed != ""}
	g, err := s.Login(t.Context(), a, profileTerms())
	check(t, err)
	return auth.Caller{User: g.User, Session: g.Session}
}

func change(current, next string, proof auth.FactorProof) auth.PasswordChange {
	return auth.PasswordChange{Current: current, New: next, Proof: proof, Source: attempt("ada").Source}
}

// wantRule fails unless the error is the refusal by the rule; "" stands for no refusal.
func wantRule(t *testing.T, err error, rule auth.PasswordRule) {
	t.Helper()
	var refused *auth.RefusedPassword
	switch {
	case rule == "" && err != nil:
		t.Errorf("refused: %v", err)
	case rule != "" && (!errors.As(err, &refused) || refused.Rule != rule || !errors.Is(err, auth.ErrRefusedPassword)):
		t.Errorf("error %v, want rule %s", err, rule)
	}
}

func signsIn(t *testing.T, s *auth.Service, name, with string) bool {
	t.Helper()
	a := attempt(name)
	a.Password = with
	_, err := s.Login(t.Context(), a, profileTerms())
	if err != nil && !errors.Is(err, auth.ErrBadCredentials) && !errors.Is(err, auth.ErrNotReady) {
		t.Fatal(err)
	}
	return err == nil
}

// TestChangePassword promises that the new password works and the old one does not, that all sessions but the new one have ended,
// and that the new one has what the caller's had proved.
func TestChangePassword(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	k.Log.Keep(chosen)
	s, sessions := k.Service(rules()), k.Sessions(rules())
	other := callerOf(t, s, "ada", "")
	c := callerOf(t, s, "ada", "")
	k.Clock.Advance(time.Hour)
	g, err := s.ChangePassword(t.Context(), c, change(authtest.Password, chosen, auth.FactorProof{}), profileTerms())
	check(t, err)
	if signsIn(t, s, "ada", authtest.Password) || !signsIn(t, s, "ada", chosen) {
		t.Error("the password is not the new one")
	}
	claims := k.Claims(t, g.AccessToken)
	if diff := cmp.Diff([]string{"pwd"}, claims.AMR); diff != "" || !claims.AuthTime.Equal(authtest.Start().Truncate(time.Second)) {
		t.Errorf("amr %v, authenticated at %v", claims.AMR, claims.AuthTime)
	}
	if _, err := sessions.Authenticate(t.Context(), g.AccessToken); err != nil {
		t.Errorf("the new session: %v", err)
	}
	for _, old := range []auth.Caller{other, c} {
		if _, _, err := k.Store.SessionAndUser(t.Context(), "ada", old.Session.ID); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("an old session is stored: %v", err)
		}
	}
	record := k.Log.Audit(t)[2]
	if record["event"] != "password_change" || record["outcome"] != "success" || record["session"] != g.Session.ID || record["user"] != "ada" {
		t.Errorf("record %v", record)
	}
}

// TestChangeRefusals promises the order of the checks: the current password, the rules, the factor, and that none but a wrong
// password counts as a failed sign-in.
func TestChangeRefusals(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	s := k.Service(rules())
	seed, _ := enroll(t, k, s, "grace")
	grace := callerOf(t, s, "grace", code(k, seed))
	k.Clock.Advance(10 * time.Minute) // too long ago for a change without the factor
	for _, test := range []struct {
		name          string
		current, next string
		proof         auth.FactorProof
		rule          auth.PasswordRule
	}{
		{"wrong", "wrong", "short", auth.FactorProof{}, auth.RuleCurrent},
		{"no current password", "", chosen, auth.FactorProof{}, auth.RuleCurrent},
		{"short", authtest.Password, "short", auth.FactorProof{Code: code(k, seed)}, auth.RuleLength},
		{"listed", authtest.Password, authtest.ListedPassword, auth.FactorProof{Code: code(k, seed)}, auth.RuleListed},
		{"own name", authtest.Password, "grace@example.com", auth.FactorProof{Code: code(k, seed)}, auth.RuleContext},
		{"wrong code", authtest.Password, chosen, auth.FactorProof{Code: wrongDigits(k, seed)}, auth.RuleFactor},
		{"no challenge of ours", authtest.Password, chosen, auth.FactorProof{Challenge: "a.b", Code: code(k, seed)}, auth.RuleFactor},
		{"right", authtest.Password, chosen, auth.FactorProof{Code: code(k, seed)}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			g, err := s.ChangePassword(t.Context(), grace, change(test.current, test.next, test.proof), profileTerms())
			wantRule(t, err, test.rule)
			if err == nil && !slices.Equal(g.Session.AMR, []string{"pwd", "otp", "mfa"}) {
				t.Errorf("amr %v", g.Session.AMR)
			}
		})
	}
	counted, err := auth.NewAttemptKeys(t.Context(), k.Keyring, grace.User.Identifier, attempt("grace").Source)
	check(t, err)
	found, err := k.Store.LookUp(t.Context(), auth.LookupQuery{Attempts: counted})
	check(t, err)
	if found.Counters.Pair.Failures != 0 {
		t.Errorf("%d failures after a success", found.Counters.Pair.Failures)
	}
}

// TestChangeByOthers promises that only a session of the contract, opened by the user, changes the password.
func TestChangeByOthers(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	s := k.Service(rules())
	ada := callerOf(t, s, "ada", "")
	for name, alter := range map[string]func(*auth.Session){
		"impersonation": func(v *auth.Session) { v.ActorID = "grace" },
		"integration":   func(v *auth.Session) { v.ClientKind = auth.ClientIntegration },
		"contract":      func(v *auth.Session) { v.Contract = "another" },
	} {
		c := ada
		alter(&c.Session)
		if _, err := s.ChangePassword(t.Context(), c, change(authtest.Password, chosen, auth.FactorProof{}), profileTerms()); !errors.Is(err, auth.ErrImpersonation) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !signsIn(t, s, "ada", authtest.Password) {
		t.Error("the password was changed")
	}
}

// TestChangeChallenge promises that the challenge of a change is accepted by a change of the same session, once, and nowhere else.
func TestChangeChallenge(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	s := k.Service(rules())
	seed, _ := enroll(t, k, s, "ada")
	ada, other := callerOf(t, s, "ada", code(k, seed)), auth.Caller{}
	k.Clock.Advance(10 * time.Minute)
	other = callerOf(t, s, "ada", code(k, seed))
	k.Clock.Advance(6 * time.Minute)
	_, err := s.ChangePassword(t.Context(), ada, change(authtest.Password, chosen, auth.FactorProof{}), profileTerms())
	var challenged *auth.ChallengeError
	if !errors.As(err, &challenged) || !slices.Equal(challenged.Challenge.Methods, []auth.Method{auth.MethodTOTP, auth.MethodRecovery}) {
		t.Fatalf("no challenge: %v", err)
	}
	proof := auth.FactorProof{Challenge: challenged.Challenge.ID, Code: code(k, seed)}
	if _, err := s.LoginFactor(t.Context(), second(challenged.Challenge, code(k, seed)), profileTerms()); !errors.Is(err, auth.ErrBadCredentials) {
		t.Errorf("at the login: %v", err)
	}
	_, err = s.ChangePassword(t.Context(), other, change(authtest.Password, chosen, proof), profileTerms())
	wantRule(t, err, auth.RuleFactor)
	foreign := challengeOf(t, s, attempt("ada"), profileTerms())
	_, err = s.ChangePassword(t.Context(), ada, change(authtest.Password, chosen, auth.FactorProof{Challenge: foreign.ID, Code: code(k, seed)}), profileTerms())
	wantRule(t, err, auth.RuleFactor)
	_, err = s.ChangePassword(t.Context(), ada, change(authtest.Password, chosen, proof), profileTerms())
	wantRule(t, err, "")
}

// TestFreshSessionNeedsNoCode promises that a session with a factor of at most five minutes changes the password by itself.
func TestFreshSessionNeedsNoCode(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	s := k.Service(rules())
	seed, _ := enroll(t, k, s, "ada")
	ada := callerOf(t, s, "ada", code(k, seed))
	k.Clock.Advance(4 * time.Minute)
	g, err := s.ChangePassword(t.Context(), ada, change(authtest.Password, chosen, auth.FactorProof{}), profileTerms())
	check(t, err)
	if !slices.Equal(g.Session.AMR, []string{"pwd", "otp", "mfa"}) || !g.Session.AuthTime.Equal(ada.Session.AuthTime) {
		t.Errorf("amr %v at %v", g.Session.AMR, g.Session.AuthTime)
	}
}

// TestGuessingByChange promises that wrong current passwords meet the limits of sign-ins, and count for these.
func TestGuessingByChange(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	limited := rules()
	limited.Limits = auth.Limits{Free: 3, MaxBackoff: time.Hour}
	s := k.Service(limited)
	ada := callerOf(t, s, "ada", "")
	for range 3 {
		_, err := s.ChangePassword(t.Context(), ada, change("wrong", chosen, auth.FactorProof{}), profileTerms())
		wantRule(t, err, auth.RuleCurrent)
	}
	if _, err := s.ChangePassword(t.Context(), ada, change(authtest.Password, chosen, auth.FactorProof{}), profileTerms()); !errors.Is(err, auth.ErrThrottled) {
		t.Errorf("a fourth: %v", err)
	}
	if _, err := s.Login(t.Context(), attempt("ada"), profileTerms()); !errors.Is(err, auth.ErrThrottled) {
		t.Errorf("a sign-in: %v", err)
	}
}

// TestChangesAtOnce promises that of changes at the same time one succeeds, and its password is the one that works.
func TestChangesAtOnce(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	s := k.Service(rules())
	ada := callerOf(t, s, "ada", "")
	wantOneWinner(t, s, 20, func(next string) error {
		_, err := s.ChangePassword(t.Context(), ada, change(authtest.Password, next, auth.FactorProof{}), profileTerms())
		return err
	})
}

// wantOneWinner sets n passwords of Ada at the same time by the call: one of them becomes hers, and the others are refused.
func wantOneWinner(t *testing.T, s *auth.Service, n int, set func(next string) error) {
	t.Helper()
	var all sync.WaitGroup
	var mu sync.Mutex
	var won []string
	for i := range n {
		next := fmt.Sprintf("%s %d", chosen, i)
		all.Go(func() {
			err := set(next)
			if err == nil {
				mu.Lock()
				won = append(won, next)
				mu.Unlock()
			} else if !errors.Is(err, auth.ErrRefusedPassword) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if len(won) != 1 || !signsIn(t, s, "ada", won[0]) {
		t.Errorf("%d succeeded: %v", len(won), won)
	}
}

// TestChangeFaults promises that our own fault changes nothing and does not count as a failure, up to the write of the password.
func TestChangeFaults(t *testing.T) {
	for _, failing := range []string{"LookUp", "UserByID", "CountAttempt", "Verify", "Hash", "Sign", "MAC"} {
		t.Run(failing, func(t *testing.T) {
			k := authtest.NewKit(t, users()...)
			limited := rules()
			limited.Limits = auth.Limits{Free: 3, MaxBackoff: time.Hour}
			s := k.Service(limited)
			ada := callerOf(t, s, "ada", "")
			k.Before(func(call string) error {
				if call == failing {
					return auth.ErrUnavailable
				}
				return nil
			})
			if _, err := s.ChangePassword(t.Context(), ada, change(authtest.Password, chosen, auth.FactorProof{}), profileTerms()); !errors.Is(err, auth.ErrUnavailable) {
				t.Errorf("error %v", err)
			}
			k.Before(nil)
			for range 3 { // one failure that stays counted would make the third wait
				if !signsIn(t, s, "ada", authtest.Password) {
					t.Fatal("the password was changed")
				}
			}
		})
	}
}
