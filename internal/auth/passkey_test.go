package auth_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

func passkeyRules() auth.Rules {
	r := rules()
	r.RelyingParty = authtest.RelyingParty()
	return r
}

// withPasskey returns a service over a kit in which the user has a passkey.
func withPasskey(t *testing.T, name string, r auth.Rules) (*authtest.Kit, *auth.Service, *authtest.Authenticator) {
	t.Helper()
	k := authtest.NewKit(t, users()...)
	k.Outbox = &authtest.Outbox{}
	s := k.Service(r)
	a := authtest.AddPasskey(t, s, signedIn(t, k, s, name, nil))
	k.Calls()
	return k, s, a
}

// TestPasskeyOptions promises what browsers are asked for: to make a passkey for the user's handle, without those that the user has, and to
// sign with any of them or, after a password, with one of the user's. The bytes to sign differ each time.
func TestPasskeyOptions(t *testing.T) {
	k, s, a := withPasskey(t, "ada", passkeyRules())
	g, err := s.LoginPasskey(t.Context(), authtest.PasskeyAttempt(t, s, a), profileTerms())
	check(t, err)
	challenge, creation, err := s.BeginPasskey(t.Context(), auth.Caller{User: g.User, Session: g.Session})
	check(t, err)
	if creation.Name != "ada@example.com" || creation.DisplayName != "Ada Lovelace" || creation.RelyingParty.ID != "example.com" ||
		!bytes.Equal(creation.Handle, a.Handle) || len(creation.Handle) != 16 || len(creation.Challenge) != 32 || creation.Timeout != 10*time.Minute {
		t.Errorf("creation options are %+v", creation)
	}
	if len(creation.Exclude) != 1 || !bytes.Equal(creation.Exclude[0].CredentialID, a.CredentialID) {
		t.Errorf("a second passkey of the same device is not excluded: %+v", creation.Exclude)
	}
	k.Calls()
	alone, request, err := s.PasskeyOptions(t.Context())
	check(t, err)
	if calls := k.Calls(); slices.ContainsFunc(calls, func(c string) bool { return c != "MAC" }) {
		t.Errorf("asking for a challenge calls %v", calls)
	}
	want := auth.AssertionOptions{Challenge: request.Challenge, Timeout: 5 * time.Minute, RelyingParty: "example.com", UserVerification: "required"}
	if d := cmp.Diff(want, request); d != "" || len(request.Challenge) != 32 {
		t.Errorf("options of a sign-in differ (-want +got):\n%s", d)
	}
	second := challengeOf(t, s, attempt("ada"), profileTerms())
	want.Challenge, want.UserVerification, want.Credentials = second.PublicKey.Challenge, "preferred", g.User.Factors.Passkeys
	if d := cmp.Diff(want, *second.PublicKey); d != "" {
		t.Errorf("options after a password differ (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]auth.Method{auth.MethodRecovery, auth.MethodPasskey}, second.Methods); d != "" {
		t.Errorf("methods differ (-want +got):\n%s", d)
	}
	bits := map[string]bool{string(creation.Challenge): true, string(request.Challenge): true, string(second.PublicKey.Challenge): true}
	if len(bits) != 3 || challenge == alone {
		t.Error("two challenges have the same bytes to sign")
	}
}

// TestPasskeyMethods promises what sessions say: who was verified by the device, and whether the passkey may be synced.
func TestPasskeyMethods(t *testing.T) {
	for _, synced := range []bool{false, true} {
		k := authtest.NewKit(t, users()...)
		s := k.Service(passkeyRules())
		c := signedIn(t, k, s, "ada", nil)
		challenge, options, err := s.BeginPasskey(t.Context(), c)
		check(t, err)
		a, key := authtest.NewAuthenticator(t, -8, authtest.Page), "hwk"
		if synced {
			a.Flags |= authtest.MayBackUp | authtest.BackedUp
			key = "swk"
		}
		_, recovery, err := s.AddPasskey(t.Context(), c, auth.NewPasskey{Challenge: challenge, Credential: authtest.Make(t, a, options)}, attempt("ada").Source)
		check(t, err)
		if len(recovery) != 10 {
			t.Errorf("the first factor came with %d recovery codes", len(recovery))
		}
		k.Log.Keep(recovery...)
		g, err := s.LoginPasskey(t.Context(), authtest.PasskeyAttempt(t, s, a), profileTerms())
		check(t, err)
		if want := []string{key, "user", "mfa"}; !slices.Equal(k.Claims(t, g.AccessToken).AMR, want) || g.RefreshToken == "" {
			t.Errorf("alone: amr is %v, want %v", k.Claims(t, g.AccessToken).AMR, want)
		}
		a.Flags &^= authtest.UserVerified
		asked := challengeOf(t, s, attempt("ada"), profileTerms())
		g, err = s.LoginFactor(t.Context(), byPasskey(t, a, asked), profileTerms())
		check(t, err)
		if want := []string{"pwd", key, "mfa"}; !slices.Equal(g.Session.AMR, want) {
			t.Errorf("after a password: amr is %v, want %v", g.Session.AMR, want)
		}
		if _, err := s.LoginPasskey(t.Context(), authtest.PasskeyAttempt(t, s, a), profileTerms()); !errors.Is(err, auth.ErrBadCredentials) {
			t.Errorf("alone, without a PIN: %v", err)
		}
	}
}

// TestPasskeyCounter promises that a counter which did not grow is let in and noted in the audit, with and without a password, and
// that passkeys without a counter, which send zero, are not noted.
func TestPasskeyCounter(t *testing.T) {
	k, s, a := withPasskey(t, "ada", passkeyRules())
	for _, sent := range []struct {
		count uint32
		want  string
	}{{0, "ok"}, {0, "ok"}, {5, "ok"}, {6, "ok"}, {6, "counter"}, {2, "counter"}, {3, "ok"}, {0, "counter"}} {
		a.SignCount = sent.count
		var err error
		if sent.count%2 == 0 {
			_, err = s.LoginPasskey(t.Context(), authtest.PasskeyAttempt(t, s, a), profileTerms())
		} else {
			_, err = s.LoginFactor(t.Context(), byPasskey(t, a, challengeOf(t, s, attempt("ada"), profileTerms())), profileTerms())
		}
		check(t, err)
		records := k.Log.Audit(t)
		if last := records[len(records)-1]; last["reason"] != sent.want || last["outcome"] != "success" {
			t.Errorf("after counter %d: %v, want reason %s", sent.count, last, sent.want)
		}
	}
}

// byPasskey answers the challenge after a password.
func byPasskey(t *testing.T, a *authtest.Authenticator, c auth.Challenge) auth.FactorAttempt {
	t.Helper()
	return auth.FactorAttempt{FactorProof: auth.FactorProof{Challenge: c.ID, Assertion: authtest.Sign(t, a, *c.PublicKey)}, Source: attempt("ada").Source}
}

// TestPasskeyChallenges promises that a challenge is worth something to one call, to one user, once and in time.
func TestPasskeyChallenges(t *testing.T) {
	k, s, a := withPasskey(t, "ada", passkeyRules())
	grace := signedIn(t, k, s, "grace", nil)
	registration, creation, err := s.BeginPasskey(t.Context(), grace)
	check(t, err)
	asked := challengeOf(t, s, attempt("ada"), profileTerms())
	fresh := func() auth.PasskeyAttempt { return authtest.PasskeyAttempt(t, s, a) }
	used := fresh()
	_, err = s.LoginPasskey(t.Context(), used, profileTerms())
	check(t, err)
	late := fresh()
	signed := func(challenge string, o auth.AssertionOptions) auth.PasskeyAttempt {
		return auth.PasskeyAttempt{Challenge: challenge, Assertion: authtest.Sign(t, a, o), Source: used.Source}
	}
	for name, tried := range map[string]auth.PasskeyAttempt{
		"used":             used,
		"of a password":    signed(asked.ID, *asked.PublicKey),
		"of another call":  {Challenge: fresh().Challenge, Assertion: used.Assertion, Source: used.Source},
		"of registration":  signed(registration, auth.AssertionOptions{Challenge: creation.Challenge, RelyingParty: "example.com"}),
		"altered":          {Challenge: fresh().Challenge + "A", Assertion: used.Assertion, Source: used.Source},
		"with null":        {Challenge: fresh().Challenge, Assertion: []byte("null"), Source: used.Source},
		"with nothing":     {Challenge: fresh().Challenge, Source: used.Source},
		"without anything": {Source: used.Source},
	} {
		if _, err := s.LoginPasskey(t.Context(), tried, profileTerms()); !errors.Is(err, auth.ErrBadCredentials) {
			t.Errorf("a challenge %s: %v", name, err)
		}
	}
	alone := fresh()
	if _, err := s.LoginFactor(t.Context(), auth.FactorAttempt{FactorProof: auth.FactorProof{Challenge: alone.Challenge, Assertion: alone.Assertion}, Source: alone.Source}, profileTerms()); !errors.Is(err, auth.ErrBadCredentials) {
		t.Errorf("a challenge without a password as second call: %v", err)
	}
	k.Clock.Advance(5 * time.Minute)
	if _, err := s.LoginPasskey(t.Context(), late, profileTerms()); !errors.Is(err, auth.ErrBadCredentials) {
		t.Errorf("a challenge after five minutes: %v", err)
	}
}

// TestPasskeyRegistrationChallenges promises the same of new passkeys; a passkey is stored once.
func TestPasskeyRegistrationChallenges(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	s := k.Service(passkeyRules())
	ada, grace := signedIn(t, k, s, "ada", nil), signedIn(t, k, s, "grace", nil)
	add := func(c auth.Caller, challenge string, credential []byte) error {
		_, _, err := s.AddPasskey(t.Context(), c, auth.NewPasskey{Challenge: challenge, Credential: credential}, attempt("ada").Source)
		return err
	}
	a := authtest.NewAuthenticator(t, -7, authtest.Page)
	challenge, options, err := s.BeginPasskey(t.Context(), ada)
	check(t, err)
	credential := authtest.Make(t, a, options)
	alone, request, err := s.PasskeyOptions(t.Context())
	check(t, err)
	moved := options
	moved.Challenge = request.Challenge
	for name, tried := range map[string]struct {
		caller     auth.Caller
		challenge  string
		credential []byte
		want       error
	}{
		"another user":             {grace, challenge, credential, auth.ErrPending},
		"a challenge of a sign-in": {ada, alone, authtest.Make(t, a, moved), auth.ErrPending},
		"no challenge":             {ada, "", credential, auth.ErrPending},
		"bytes of another":         {ada, challenge, authtest.Make(t, a, moved), auth.ErrPasskey},
		"garbage":                  {ada, challenge, []byte(`{"id":"x"}`), auth.ErrPasskey},
		"an assertion":             {ada, challenge, authtest.Sign(t, a, request), auth.ErrPasskey},
	} {
		if err := add(tried.caller, tried.challenge, tried.credential); !errors.Is(err, tried.want) {
			t.Errorf("%s: %v, want %v", name, err, tried.want)
		}
	}
	check(t, add(ada, challenge, credential))
	ada = bySigning(t, s, a)
	if err := add(ada, challenge, credential); !errors.Is(err, auth.ErrConflict) {
		t.Errorf("the same passkey again: %v", err)
	}
	other := authtest.NewAuthenticator(t, -7, authtest.Page)
	if err := add(ada, challenge, authtest.Make(t, other, options)); !errors.Is(err, auth.ErrPending) {
		t.Errorf("another passkey for a used challenge: %v", err)
	}
	late, options, err := s.BeginPasskey(t.Context(), ada)
	check(t, err)
	k.Clock.Advance(10 * time.Minute)
	ada = bySigning(t, s, a)
	if err := add(ada, late, authtest.Make(t, other, options)); !errors.Is(err, auth.ErrPending) {
		t.Errorf("after ten minutes: %v", err)
	}
}

// bySigning returns the caller of a fresh session that a passkey opened.
func bySigning(t *testing.T, s *auth.Service, a *authtest.Authenticator) auth.Caller {
	t.Helper()
	g, err := s.LoginPasskey(t.Context(), authtest.PasskeyAttempt(t, s, a), profileTerms())
	check(t, err)
	return auth.Caller{User: g.User, Session: g.Session}
}

// TestPasskeyRefusals promises the answer of a wrong password for every passkey that does not sign in, with the same calls of the store for
// known and unknown ones.
func TestPasskeyRefusals(t *testing.T) {
	watching := limited()
	watching.RelyingParty, watching.Notices = authtest.RelyingParty(), auth.NoticesSignIns
	for name, r := range map[string]auth.Rules{"default": passkeyRules(), "with notices of sign-ins": watching} {
		t.Run(name, func(t *testing.T) { refusePasskeys(t, r) })
	}
}

func refusePasskeys(t *testing.T, r auth.Rules) {
	k, s, a := withPasskey(t, "ada", r)
	stranger, thief, mixed := authtest.NewAuthenticator(t, -7, authtest.Page), *a, *a
	thief.Key = stranger.Key
	mixed.CredentialID = stranger.CredentialID
	noHandle := *a
	noHandle.Handle = nil
	elsewhere := *a
	elsewhere.Origin = "https://login.example.com.evil.example"
	stranger.Handle = []byte("sixteen bytes at")
	var first []string
	for name, key := range map[string]*authtest.Authenticator{
		"unknown": stranger, "another key": &thief, "another passkey": &mixed, "no handle": &noHandle, "another page": &elsewhere,
	} {
		tried := authtest.PasskeyAttempt(t, s, key)
		k.Calls()
		if _, err := s.LoginPasskey(t.Context(), tried, profileTerms()); !errors.Is(err, auth.ErrBadCredentials) {
			t.Errorf("%s: %v", name, err)
		}
		calls := k.Calls()
		if first == nil {
			first = calls
		}
		if d := cmp.Diff(first, calls); d != "" {
			t.Errorf("%s calls the store differently (-another +this):\n%s", name, d)
		}
	}
	for name, change := range map[string]func(*auth.User){
		"disabled": func(u *auth.User) { u.Status = auth.StatusDisabled },
	} {
		k.Update(t, "ada", change)
		if _, err := s.LoginPasskey(t.Context(), authtest.PasskeyAttempt(t, s, a), profileTerms()); !errors.Is(err, auth.ErrNotReady) {
			t.Errorf("%s: %v", name, err)
		}
		k.Update(t, "ada", func(u *auth.User) { u.Status = auth.StatusReady })
	}
	if _, err := s.LoginPasskey(t.Context(), authtest.PasskeyAttempt(t, s, a), accountTerms()); !errors.Is(err, auth.ErrWrongRole) {
		t.Errorf("without a qualifying account: %v", err)
	}
}

// TestPasskeyLimits promises that wrong assertions count for the source, whose window then refuses right ones too, and that they lock no
// user out; a sign-in with a passkey clears nothing and makes no source known.
func TestPasskeyLimits(t *testing.T) {
	r := passkeyRules()
	r.Limits = auth.Limits{Free: 5, MaxBackoff: time.Minute, Source: auth.Rate{Failures: 3, Span: time.Hour}, User: auth.Rate{Failures: 3, Span: time.Hour}, Known: time.Hour}
	k, s, a := withPasskey(t, "ada", r)
	wrong := *a
	wrong.Key = authtest.NewAuthenticator(t, -7, authtest.Page).Key
	for i := range 3 {
		if _, err := s.LoginPasskey(t.Context(), authtest.PasskeyAttempt(t, s, &wrong), profileTerms()); !errors.Is(err, auth.ErrBadCredentials) {
			t.Errorf("wrong assertion %d: %v", i, err)
		}
	}
	tried := authtest.PasskeyAttempt(t, s, a)
	if _, err := s.LoginPasskey(t.Context(), tried, profileTerms()); !errors.Is(err, auth.ErrThrottled) {
		t.Errorf("from the same source: %v", err)
	}
	tried.Source = auth.ParseSource("198.51.100.1")
	k.Calls()
	_, err := s.LoginPasskey(t.Context(), tried, profileTerms())
	check(t, err)
	want := []string{"LookUp", "UserByID", "SpendNonce", "UsePasskey", "Sign", "PutSession"}
	got := slices.DeleteFunc(k.Calls(), func(c string) bool { return c == "MAC" || c == "LimitSessions" })
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("a sign-in calls differently (-want +got):\n%s", d)
	}
}

// TestPasskeysOff promises that without a relying party no passkey is made, used or offered, and that those of another one are not either.
func TestPasskeysOff(t *testing.T) {
	k, on, a := withPasskey(t, "ada", passkeyRules())
	tried := authtest.PasskeyAttempt(t, on, a)
	off := k.Service(rules())
	moved := passkeyRules()
	moved.RelyingParty.ID = "login.example.com"
	if _, _, err := off.PasskeyOptions(t.Context()); !errors.Is(err, auth.ErrPasskeysOff) {
		t.Errorf("options: %v", err)
	}
	if _, err := off.LoginPasskey(t.Context(), tried, profileTerms()); !errors.Is(err, auth.ErrPasskeysOff) {
		t.Errorf("sign-in: %v", err)
	}
	if _, _, err := off.BeginPasskey(t.Context(), auth.Caller{}); !errors.Is(err, auth.ErrPasskeysOff) {
		t.Errorf("begin: %v", err)
	}
	if _, _, err := off.AddPasskey(t.Context(), auth.Caller{}, auth.NewPasskey{}, tried.Source); !errors.Is(err, auth.ErrPasskeysOff) {
		t.Errorf("add: %v", err)
	}
	for name, s := range map[string]*auth.Service{"off": off, "another relying party": k.Service(moved)} {
		asked := challengeOf(t, s, attempt("ada"), profileTerms())
		if asked.PublicKey != nil || !slices.Equal(asked.Methods, []auth.Method{auth.MethodRecovery}) {
			t.Errorf("%s: asks for %v", name, asked.Methods)
		}
	}
	if _, err := k.Service(moved).LoginPasskey(t.Context(), tried, profileTerms()); !errors.Is(err, auth.ErrBadCredentials) {
		t.Errorf("a challenge of another relying party: %v", err)
	}
}

// TestPasskeyCaller promises who may add a passkey: those who may add any factor.
func TestPasskeyCaller(t *testing.T) {
	k, s, a := withPasskey(t, "ada", passkeyRules())
	imp, integration := attempt("margaret"), attempt("grace")
	imp.Impersonate = authtest.Identifier("grace@example.com")
	integration.APIKey = k.Client(t, auth.ClientIntegration, false)
	for name, tried := range map[string]auth.Attempt{"impersonator": imp, "integration": integration} {
		g, err := s.Login(t.Context(), tried, profileTerms())
		check(t, err)
		c := auth.Caller{User: g.User, Session: g.Session}
		if _, _, err := s.BeginPasskey(t.Context(), c); !errors.Is(err, auth.ErrImpersonation) {
			t.Errorf("%s begins: %v", name, err)
		}
		if _, _, err := s.AddPasskey(t.Context(), c, auth.NewPasskey{}, tried.Source); !errors.Is(err, auth.ErrImpersonation) {
			t.Errorf("%s adds: %v", name, err)
		}
	}
	fresh := bySigning(t, s, a)
	k.Clock.Advance(5*time.Minute + time.Second)
	if _, _, err := s.BeginPasskey(t.Context(), fresh); !errors.Is(err, auth.ErrStepUp) {
		t.Errorf("too late: %v", err)
	}
	if _, _, err := s.AddPasskey(t.Context(), fresh, auth.NewPasskey{}, attempt("ada").Source); !errors.Is(err, auth.ErrStepUp) {
		t.Errorf("adds too late: %v", err)
	}
}

// TestPasskeyHandles promises that a user keeps one handle, which is none of their other names, and that of two first passkeys of a user who
// has another factor the second has to be made again.
func TestPasskeyHandles(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	s := k.Service(passkeyRules())
	seed, _ := enroll(t, k, s, "ada")
	c := signedIn(t, k, s, "ada", seed)
	first, o1, err := s.BeginPasskey(t.Context(), c)
	check(t, err)
	second, o2, err := s.BeginPasskey(t.Context(), c)
	check(t, err)
	a, b := authtest.NewAuthenticator(t, -7, authtest.Page), authtest.NewAuthenticator(t, -7, authtest.Page)
	_, recovery, err := s.AddPasskey(t.Context(), c, auth.NewPasskey{Challenge: first, Credential: authtest.Make(t, a, o1)}, attempt("ada").Source)
	check(t, err)
	if recovery != nil {
		t.Error("the second factor came with recovery codes")
	}
	_, _, err = s.AddPasskey(t.Context(), c, auth.NewPasskey{Challenge: second, Credential: authtest.Make(t, b, o2)}, attempt("ada").Source)
	if !errors.Is(err, auth.ErrPending) {
		t.Errorf("a passkey with another handle: %v", err)
	}
	stored, err := k.Store.UserByID(t.Context(), "ada")
	check(t, err)
	if stored.Factors.Handle != base64.RawURLEncoding.EncodeToString(o1.Handle) || len(stored.Factors.Passkeys) != 1 {
		t.Errorf("stored are %+v", stored.Factors)
	}
	check(t, s.RemoveFactor(t.Context(), auth.Caller{User: stored, Session: c.Session}, stored.Factors.Passkeys[0].ID, attempt("ada").Source))
	if _, err := s.LoginPasskey(t.Context(), authtest.PasskeyAttempt(t, s, a), profileTerms()); !errors.Is(err, auth.ErrBadCredentials) {
		t.Errorf("a removed passkey: %v", err)
	}
	left, err := k.Store.UserByID(t.Context(), "ada")
	check(t, err)
	_, again, err := s.BeginPasskey(t.Context(), auth.Caller{User: left, Session: c.Session})
	check(t, err)
	if !bytes.Equal(again.Handle, o1.Handle) {
		t.Error("the user has another handle after the passkey was removed")
	}
}

// TestPasskeyNotices promises that users hear of a new passkey, and, where they hear of sign-ins from other sources, of one with a passkey,
// once for each source.
func TestPasskeyNotices(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	outbox := &taken{}
	k.Outbox = outbox
	r := limited()
	r.RelyingParty, r.Notices = authtest.RelyingParty(), auth.NoticesSignIns
	s := k.Service(r)
	a := authtest.AddPasskey(t, s, signedIn(t, k, s, "ada", nil))
	outbox.next()
	for _, address := range []string{attempt("ada").Source.String(), "198.51.100.1", "198.51.100.1"} {
		tried := authtest.PasskeyAttempt(t, s, a)
		tried.Source = auth.ParseSource(address)
		_, err := s.LoginPasskey(t.Context(), tried, profileTerms())
		check(t, err)
	}
	if d := cmp.Diff([]auth.MessageKind{auth.MessageSignIn}, outbox.next()); d != "" {
		t.Errorf("a source that is new once (-want +got):\n%s", d)
	}
	r.Notices = auth.NoticesSecurity
	s = k.Service(r)
	c := bySigning(t, s, a)
	challenge, options, err := s.BeginPasskey(t.Context(), c)
	check(t, err)
	made := authtest.Make(t, authtest.NewAuthenticator(t, -7, authtest.Page), options)
	_, _, err = s.AddPasskey(t.Context(), c, auth.NewPasskey{Challenge: challenge, Credential: made}, attempt("ada").Source)
	check(t, err)
	if d := cmp.Diff([]auth.MessageKind{auth.MessageFactorAdded}, outbox.next()); d != "" {
		t.Errorf("a new passkey (-want +got):\n%s", d)
	}
}
