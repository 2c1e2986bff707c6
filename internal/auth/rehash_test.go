package auth_test

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

// withBcrypt stores a bcrypt hash for ada, as an import does.
func withBcrypt(t *testing.T, k *authtest.Kit, password string) auth.User {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	k.Log.Keep(password, string(hash))
	u, err := k.Store.UserByID(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	u.PasswordHash = string(hash)
	if err := k.Store.UpdateUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	u.Version++
	return u
}

func stored(t *testing.T, k *authtest.Kit) auth.User {
	t.Helper()
	u, err := k.Store.UserByID(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestLoginRehashes(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	before := withBcrypt(t, k, authtest.Password)
	service := k.Service(rules())
	if _, err := service.Login(t.Context(), attempt("ada"), profileTerms()); err != nil {
		t.Fatal(err)
	}
	after := stored(t, k)
	if !strings.HasPrefix(after.PasswordHash, "$argon2id$") || after.PasswordEpoch != before.PasswordEpoch {
		t.Fatalf("stored is %.12q in epoch %d, want argon2id in %d", after.PasswordHash, after.PasswordEpoch, before.PasswordEpoch)
	}
	k.Calls()
	if _, err := service.Login(t.Context(), attempt("ada"), profileTerms()); err != nil {
		t.Errorf("the same password no longer works: %v", err)
	}
	if calls := k.Calls(); strings.Contains(strings.Join(calls, " "), "Hash") {
		t.Errorf("the second sign-in rehashes again: %v", calls)
	}
}

func TestLoginRehashesOnlyForAGoodSignIn(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	before := withBcrypt(t, k, authtest.Password)
	a := attempt("ada")
	a.Password = "wrong"
	_, _ = k.Service(rules()).Login(t.Context(), a, profileTerms())
	_, _ = k.Service(rules()).Login(t.Context(), attempt("ada"), accountTerms()) // no qualifying account
	if after := stored(t, k); after.PasswordHash != before.PasswordHash {
		t.Errorf("a refused sign-in changed the hash to %.12q", after.PasswordHash)
	}
}

func TestLoginSurvivesARehashThatFails(t *testing.T) {
	for _, failing := range []string{"Hash", "ReplaceHash"} {
		for name, fail := range map[string]func() error{
			"error":    func() error { return errors.New("disk on fire") },
			"conflict": func() error { return auth.ErrConflict },
			"panic":    func() error { panic("out of memory") },
		} {
			t.Run(failing+" "+name, func(t *testing.T) {
				k := authtest.NewKit(t, users()...)
				before := withBcrypt(t, k, authtest.Password)
				k.Before(func(call string) error {
					if call == failing {
						return fail()
					}
					return nil
				})
				g, err := k.Service(rules()).Login(t.Context(), attempt("ada"), profileTerms())
				if err != nil {
					t.Fatal(err)
				}
				session(t, k, g)
				if after := stored(t, k); after.PasswordHash != before.PasswordHash {
					t.Errorf("stored is %.12q", after.PasswordHash)
				}
				if warned := strings.Contains(k.Log.String(), "stronger hash"); warned != (name != "conflict") {
					t.Errorf("warned: %t; the log: %s", warned, k.Log)
				}
			})
		}
	}
}

// TestRehashNeverRestoresAPassword promises that a password which was changed during a sign-in with the old one stays changed.
func TestRehashNeverRestoresAPassword(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	withBcrypt(t, k, authtest.Password)
	var changed auth.User
	k.Before(func(call string) error {
		if call != "ReplaceHash" {
			return nil
		}
		changed = withBcrypt(t, k, "a new password")
		return nil
	})
	if _, err := k.Service(rules()).Login(t.Context(), attempt("ada"), profileTerms()); err != nil {
		t.Fatal(err)
	}
	if after := stored(t, k); after.PasswordHash != changed.PasswordHash {
		t.Errorf("stored is %.12q, want the new password's hash", after.PasswordHash)
	}
}

// TestAppendedCodeRehash promises that a stronger hash is made from the password without the code at its end, and that such a sign-in
// verifies one hash, as any does.
func TestAppendedCodeRehash(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	r := rules()
	r.FactorAppend = true
	s := k.Service(r)
	seed, _ := enroll(t, k, s, "ada")
	withBcrypt(t, k, authtest.Password)
	k.Calls()
	a := attempt("ada")
	a.Password += code(k, seed)
	_, err := s.Login(t.Context(), a, profileTerms())
	check(t, err)
	calls := strings.Join(k.Calls(), " ")
	if !strings.HasPrefix(stored(t, k).PasswordHash, "$argon2id$") || strings.Count(calls, "Verify") != 1 {
		t.Errorf("stored is %.12q after %s", stored(t, k).PasswordHash, calls)
	}
	if _, err := s.Login(t.Context(), attempt("ada"), profileTerms()); !errors.Is(err, auth.ErrChallenged) {
		t.Errorf("the password without the code: %v", err)
	}
}
