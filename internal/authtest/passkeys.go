package authtest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"latchkey/internal/auth"
)

// Page is the origin of the page on which the browsers of these tests are.
const Page = "https://login.example.com"

// RelyingParty is the service that the passkeys of these tests are made for.
func RelyingParty() auth.RelyingParty {
	return auth.RelyingParty{ID: "example.com", Name: "Example", Origins: []string{Page}}
}

// Sign answers the service's options with the passkey.
func Sign(t testing.TB, a *Authenticator, o auth.AssertionOptions) []byte {
	t.Helper()
	return a.Sign(t, PublicKeyOptions{Challenge: encode(o.Challenge), RPID: o.RelyingParty})
}

// Make answers the service's options with a new passkey.
func Make(t testing.TB, a *Authenticator, o auth.CreationOptions) []byte {
	t.Helper()
	made := PublicKeyOptions{Challenge: encode(o.Challenge)}
	made.RP.ID, made.User.ID = o.RelyingParty.ID, encode(o.Handle)
	return a.Create(t, made)
}

// AddPasskey makes a passkey for the caller, by the calls that browsers make.
func AddPasskey(t testing.TB, s *auth.Service, c auth.Caller) *Authenticator {
	t.Helper()
	a := NewAuthenticator(t, -7, Page)
	challenge, options, err := s.BeginPasskey(t.Context(), c)
	check(t, err)
	_, _, err = s.AddPasskey(t.Context(), c, auth.NewPasskey{Challenge: challenge, Credential: Make(t, a, options), Name: "laptop"}, auth.Source{})
	check(t, err)
	return a
}

// PasskeyAttempt is a new sign-in with the passkey.
func PasskeyAttempt(t testing.TB, s *auth.Service, a *Authenticator) auth.PasskeyAttempt {
	t.Helper()
	challenge, options, err := s.PasskeyOptions(t.Context())
	check(t, err)
	return auth.PasskeyAttempt{Challenge: challenge, Assertion: Sign(t, a, options), Source: auth.ParseSource("192.0.2.7:4711")}
}

// RunPasskeys promises the life of a passkey on any store: it is made once, leads to its user, opens one session for each challenge even if
// it comes fifty times at once, tells the audit of a counter that fell, and dies with its user.
func RunPasskeys(t *testing.T, open func(t *testing.T) Store) {
	k := NewKitOver(t, open(t), Ada(), Grace())
	k.followClock()
	s := k.Service(auth.Rules{RelyingParty: RelyingParty()})
	terms := auth.Terms{Contract: "profile", AccessLife: time.Hour, Refreshable: true}
	g, err := s.Login(t.Context(), auth.Attempt{Identifier: Ada().Identifier, Password: Password}, terms)
	check(t, err)
	a := AddPasskey(t, s, auth.Caller{User: g.User, Session: g.Session})

	a.SignCount = 9
	attempt := PasskeyAttempt(t, s, a)
	if n := successes(t, 50, auth.ErrBadCredentials, func() error { _, err := s.LoginPasskey(t.Context(), attempt, terms); return err }); n != 1 {
		t.Errorf("fifty uses of a challenge at once opened %d sessions", n)
	}
	g, err = s.LoginPasskey(t.Context(), PasskeyAttempt(t, s, a), terms)
	check(t, err)
	if want := []string{"hwk", "user", "mfa"}; g.User.ID != "ada" || !slices.Equal(g.Session.AMR, want) {
		t.Errorf("signed in as %s by %v", g.User.ID, g.Session.AMR)
	}
	wantReasons(t, k, []any{"ok", "counter"})
	check(t, k.Store.DeleteUser(t.Context(), "ada"))
	k.Add(t, Ada())
	if _, err := s.LoginPasskey(t.Context(), PasskeyAttempt(t, s, a), terms); !errors.Is(err, auth.ErrBadCredentials) {
		t.Errorf("the passkey of a deleted user: %v", err)
	}
}

// wantReasons checks the reasons of the sign-ins with a passkey that succeeded.
func wantReasons(t *testing.T, k *Kit, want []any) {
	t.Helper()
	var got []any
	for _, record := range k.Log.Audit(t) {
		if record["event"] == "login_passkey" && record["outcome"] == "success" {
			got = append(got, record["reason"])
		}
	}
	if d := diff(want, got); d != "" {
		t.Errorf("the reasons differ (-want +got):\n%s", d)
	}
}
