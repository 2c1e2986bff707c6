package auth_test

import (
	"encoding/base64"
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
)

// resetKit is a kit with mail, and a user for each way that a reset goes.
func resetKit(t testing.TB) (*authtest.Kit, *authtest.Outbox, *auth.Service) {
	k, outbox := authtest.NewKit(t, append(users(), waiting())...), &authtest.Outbox{}
	k.Outbox = outbox
	k.Log.Keep(chosen)
	return k, outbox, k.Service(rules())
}

func tokenOf(t testing.TB, k *authtest.Kit, s *auth.Service, user string, kind auth.MessageKind) string {
	t.Helper()
	_, token, err := s.MailToken(t.Context(), user, kind, false)
	if err != nil {
		t.Fatal(err)
	}
	k.Log.Keep(token)
	return token
}

func reset(token, next string, proof auth.FactorProof) auth.PasswordReset {
	return auth.PasswordReset{Token: token, New: next, Proof: proof, Source: attempt("ada").Source}
}

// TestRequestReset promises one message for every address, which names users who may have a mail and is dropped for all others, by the
// same calls.
func TestRequestReset(t *testing.T) {
	k, outbox, s := resetKit(t)
	k.Calls()
	var first []string
	for _, test := range []struct {
		name, user string
		drop       bool
		reason     string
	}{
		{"ada", "ada", false, "ok"},
		{"mary", "mary", false, "ok"},
		{"joan", "joan", true, "not_ready"},
		{"dorothy", "dorothy", true, "not_ready"},
		{"nobody", "", true, "unknown_user"},
	} {
		t.Run(test.name, func(t *testing.T) {
			check(t, s.RequestReset(t.Context(), authtest.Identifier(test.name+"@example.com"), auth.ParseSource("192.0.2.7:1"), "profile"))
			messages := outbox.Messages()
			if len(messages) != 1 {
				t.Fatalf("messages %v", messages)
			}
			m := messages[0]
			if m.Kind != auth.MessageReset || m.Drop != test.drop || test.user != "" && m.UserID != test.user || len(m.UserID) == 0 {
				t.Errorf("message %+v", m)
			}
			calls := k.Calls()
			if first == nil {
				first = calls
			}
			if diff := cmp.Diff(first, calls); diff != "" {
				t.Errorf("other calls than for ada (-ada +%s):\n%s", test.name, diff)
			}
			records := k.Log.Audit(t)
			if last := records[len(records)-1]; last["event"] != "reset_request" || last["reason"] != test.reason {
				t.Errorf("record %v", last)
			}
		})
	}
}

// TestResetRequestsPerHour promises ten messages an hour for requests from one network, and the same answer to all of them.
func TestResetRequestsPerHour(t *testing.T) {
	_, outbox, s := resetKit(t)
	var all sync.WaitGroup
	for i := range 30 {
		all.Go(func() {
			id := authtest.Identifier(fmt.Sprintf("user-%d@example.com", i))
			if err := s.RequestReset(t.Context(), id, auth.ParseSource(fmt.Sprintf("[2001:db8::%x]:1", i)), "profile"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := len(outbox.Messages()); n != 10 {
		t.Errorf("%d messages", n)
	}
	check(t, s.RequestReset(t.Context(), authtest.Identifier("ada@example.com"), auth.ParseSource("192.0.2.7:1"), "profile"))
	if len(outbox.Messages()) != 1 {
		t.Error("another source has to wait")
	}
}

// TestOutboxDown promises that an outbox that fails is our own fault, for known and unknown addresses alike, and that a change of
// the password is done without it.
func TestOutboxDown(t *testing.T) {
	k, outbox, s := resetKit(t)
	outbox.Fail(fmt.Errorf("queue: %w", auth.ErrUnavailable))
	for _, name := range []string{"ada", "nobody"} {
		err := s.RequestReset(t.Context(), authtest.Identifier(name+"@example.com"), auth.ParseSource("192.0.2.7:1"), "profile")
		if !errors.Is(err, auth.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	check(t, s.ResetPassword(t.Context(), reset(tokenOf(t, k, s, "ada", auth.MessageReset), chosen, auth.FactorProof{}), "profile"))
	if !signsIn(t, s, "ada", chosen) {
		t.Error("the password is not the new one")
	}
}

// TestResetPassword promises that a token sets the password once, ends all sessions, opens none and tells the user; and that a user who
// waits for activation is ready then.
func TestResetPassword(t *testing.T) {
	for user, kind := range map[string]auth.MessageKind{"ada": auth.MessageReset, "mary": auth.MessageInvite} {
		t.Run(user, func(t *testing.T) {
			k, outbox, s := resetKit(t)
			other := tokenOf(t, k, s, user, auth.MessageReset)
			token := tokenOf(t, k, s, user, kind)
			if user == "ada" {
				callerOf(t, s, user, "")
			}
			check(t, s.ResetPassword(t.Context(), reset(token, chosen, auth.FactorProof{}), "profile"))
			left, err := k.Store.SessionsOf(t.Context(), user, "", 10)
			if len(left) != 0 || err != nil {
				t.Errorf("sessions %v, error %v", left, err)
			}
			if diff := cmp.Diff([]auth.Message{{Kind: auth.MessagePasswordChanged, UserID: user}}, outbox.Messages()); diff != "" {
				t.Errorf("notices (-want +got):\n%s", diff)
			}
			for _, used := range []string{token, other} {
				wantRule(t, s.ResetPassword(t.Context(), reset(used, chosen+" again", auth.FactorProof{}), "profile"), auth.RuleToken)
			}
			if signsIn(t, s, user, authtest.Password) || !signsIn(t, s, user, chosen) {
				t.Error("the password is not the new one")
			}
			u, err := k.Store.UserByID(t.Context(), user)
			if err != nil || u.Status != auth.StatusReady || u.Activate {
				t.Errorf("user %+v, error %v", u, err)
			}
		})
	}
}

// TestResetTokens promises that a token dies with its time, and with any change of password, address or status, and that no text that
// is signed for something else is one.
func TestResetTokens(t *testing.T) {
	for name, spoil := range map[string]func(*testing.T, *authtest.Kit, *auth.Service, string) string{
		"expired": func(_ *testing.T, k *authtest.Kit, _ *auth.Service, token string) string {
			k.Clock.Advance(20 * time.Minute)
			return token
		},
		"password": func(t *testing.T, k *authtest.Kit, _ *auth.Service, token string) string {
			k.Update(t, "ada", func(u *auth.User) { *u = u.Changed(withHash(*u, "other"), authtest.Start()) })
			return token
		},
		"address": func(t *testing.T, k *authtest.Kit, _ *auth.Service, token string) string {
			k.Update(t, "ada", func(u *auth.User) { u.Identifier = authtest.Identifier("countess@example.com") })
			return token
		},
		"disabled": func(t *testing.T, k *authtest.Kit, _ *auth.Service, token string) string {
			k.Update(t, "ada", func(u *auth.User) { u.Status = auth.StatusDisabled })
			return token
		},
		"deleted": func(t *testing.T, k *authtest.Kit, _ *auth.Service, token string) string {
			check(t, k.Store.DeleteUser(t.Context(), "ada"))
			return token
		},
		"tampered": func(_ *testing.T, _ *authtest.Kit, _ *auth.Service, token string) string {
			payload, mac, _ := strings.Cut(token, ".")
			text, _ := base64.RawURLEncoding.DecodeString(payload)
			return base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(text), `"ada"`, `"grace"`, 1))) + "." + mac
		},
		"of a challenge": func(t *testing.T, k *authtest.Kit, s *auth.Service, _ string) string {
			enroll(t, k, s, "ada")
			return challengeOf(t, s, attempt("ada"), profileTerms()).ID
		},
		"empty": func(*testing.T, *authtest.Kit, *auth.Service, string) string { return "" },
		"two lines": func(_ *testing.T, _ *authtest.Kit, _ *auth.Service, token string) string {
			return token[:10] + "\r\n" + token[10:]
		},
	} {
		t.Run(name, func(t *testing.T) {
			k, outbox, s := resetKit(t)
			token := spoil(t, k, s, tokenOf(t, k, s, "ada", auth.MessageReset))
			wantRule(t, s.ResetPassword(t.Context(), reset(token, chosen, auth.FactorProof{}), "profile"), auth.RuleToken)
			changed := func(m auth.Message) bool { return m.Kind == auth.MessagePasswordChanged }
			if messages := outbox.Messages(); slices.ContainsFunc(messages, changed) {
				t.Errorf("messages %v", messages)
			}
		})
	}
	k, _, s := resetKit(t)
	token := tokenOf(t, k, s, "ada", auth.MessageReset)
	if _, err := s.LoginFactor(t.Context(), second(auth.Challenge{ID: token}, "123456"), profileTerms()); !errors.Is(err, auth.ErrBadCredentials) {
		t.Errorf("a token at the second call of a sign-in: %v", err)
	}
}

func withHash(u auth.User, hash string) auth.User { u.PasswordHash = hash; return u }

// TestInvitation promises that an invitation lasts a week and ends when its user is ready.
func TestInvitation(t *testing.T) {
	k, _, s := resetKit(t)
	token := tokenOf(t, k, s, "mary", auth.MessageInvite)
	k.Clock.Advance(7*24*time.Hour - time.Second)
	wantRule(t, s.ResetPassword(t.Context(), reset(token, "short", auth.FactorProof{}), "profile"), auth.RuleLength)
	k.Update(t, "mary", func(u *auth.User) { u.Status, u.Activate = auth.StatusReady, false })
	wantRule(t, s.ResetPassword(t.Context(), reset(token, chosen, auth.FactorProof{}), "profile"), auth.RuleToken)
}

// TestResetWithFactor promises that the token of a user with a factor needs it, that nothing is used up by a refusal, and that the
// challenge is for that token.
func TestResetWithFactor(t *testing.T) {
	k, _, s := resetKit(t)
	seed, recovery := enroll(t, k, s, "ada")
	token, other := tokenOf(t, k, s, "ada", auth.MessageReset), ""
	k.Clock.Advance(time.Second)
	other = tokenOf(t, k, s, "ada", auth.MessageReset)
	confirm := func(token, next string, proof auth.FactorProof) error {
		return s.ResetPassword(t.Context(), reset(token, next, proof), "profile")
	}
	var challenged *auth.ChallengeError
	if err := confirm(token, chosen, auth.FactorProof{}); !errors.As(err, &challenged) {
		t.Fatalf("no challenge: %v", err)
	}
	id := challenged.Challenge.ID
	wantRule(t, confirm(token, "short", auth.FactorProof{Challenge: id, Code: code(k, seed)}), auth.RuleLength)
	wantRule(t, confirm(token, chosen, auth.FactorProof{Challenge: id, Code: wrongDigits(k, seed)}), auth.RuleFactor)
	wantRule(t, confirm(other, chosen, auth.FactorProof{Challenge: id, Code: code(k, seed)}), auth.RuleFactor)
	if _, err := s.LoginFactor(t.Context(), second(challenged.Challenge, code(k, seed)), profileTerms()); !errors.Is(err, auth.ErrBadCredentials) {
		t.Errorf("at the login: %v", err)
	}
	wantRule(t, confirm(token, chosen, auth.FactorProof{Challenge: id, Code: code(k, seed)}), "")
	again := tokenOf(t, k, s, "ada", auth.MessageReset)
	wantRule(t, confirm(again, chosen+" again", auth.FactorProof{Code: recovery[0]}), "")
}

// TestConfirmsAtOnce promises that of 50 calls with one token one sets the password.
func TestConfirmsAtOnce(t *testing.T) {
	k, _, s := resetKit(t)
	token := tokenOf(t, k, s, "ada", auth.MessageReset)
	wantOneWinner(t, s, 50, func(next string) error {
		return s.ResetPassword(t.Context(), reset(token, next, auth.FactorProof{}), "profile")
	})
}

// TestResetFaults promises that our own fault is not the user's, leaves the password, and does not use up the token.
func TestResetFaults(t *testing.T) {
	for _, failing := range []string{"UserByID", "MAC", "Hash"} {
		t.Run(failing, func(t *testing.T) {
			k, _, s := resetKit(t)
			token := tokenOf(t, k, s, "ada", auth.MessageReset)
			k.Before(func(call string) error {
				if call == failing {
					return auth.ErrUnavailable
				}
				return nil
			})
			if err := s.ResetPassword(t.Context(), reset(token, chosen, auth.FactorProof{}), "profile"); !errors.Is(err, auth.ErrUnavailable) {
				t.Errorf("error %v", err)
			}
			k.Before(nil)
			wantRule(t, s.ResetPassword(t.Context(), reset(token, chosen, auth.FactorProof{}), "profile"), "")
		})
	}
}

// FuzzResetToken looks for a text that sets a password although no mail had it, or that is our fault.
func FuzzResetToken(f *testing.F) {
	k, _, s := resetKit(f)
	token := tokenOf(f, k, s, "ada", auth.MessageReset)
	payload, mac, _ := strings.Cut(token, ".")
	for _, seed := range []string{"", ".", "a.b", payload, payload + ".", payload + "." + strings.Repeat("A", 43), "." + mac, token + "=", strings.Repeat("A", 5000)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		var refused *auth.RefusedPassword
		err := s.ResetPassword(t.Context(), reset(typed, "short", auth.FactorProof{}), "profile")
		if !errors.As(err, &refused) || refused.Rule != auth.RuleToken && typed != token {
			t.Errorf("%q: %v", typed, err)
		}
	})
}
