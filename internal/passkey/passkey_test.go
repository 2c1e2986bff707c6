package passkey_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/passkey"
)

const page = "https://login.example.com"

// ceremony returns what an answer must fit, and the options for the authenticator.
func ceremony(verification bool) (auth.Ceremony, authtest.PublicKeyOptions) {
	challenge := make([]byte, 32)
	rand.Read(challenge)
	var o authtest.PublicKeyOptions
	o.Challenge, o.RP.ID, o.RPID = base64.RawURLEncoding.EncodeToString(challenge), "example.com", "example.com"
	o.User.ID = base64.RawURLEncoding.EncodeToString([]byte("handle of a user"))
	return auth.Ceremony{
		Challenge: challenge, RelyingParty: auth.RelyingParty{ID: "example.com", Origins: []string{page, "https://shop.example"}}, Verification: verification,
	}, o
}

// TestRoundTrip promises that passkeys of each algorithm are registered and sign in, with their counter and their owner's handle.
func TestRoundTrip(t *testing.T) {
	verifier := passkey.New()
	for _, algorithm := range auth.PasskeyAlgorithms() {
		a := authtest.NewAuthenticator(t, int(algorithm), page)
		a.Flags |= authtest.MayBackUp
		c, o := ceremony(false)
		key, err := verifier.Register(c, a.Create(t, o))
		if err != nil {
			t.Fatalf("algorithm %d: %v", algorithm, err)
		}
		want := auth.Passkey{CredentialID: a.CredentialID, PublicKey: a.PublicKey(), Transports: []string{"hybrid", "internal"}, Synced: true}
		if diff := cmp.Diff(want, key); diff != "" {
			t.Errorf("algorithm %d: the passkey differs (-want +got):\n%s", algorithm, diff)
		}
		c, o = ceremony(true)
		a.SignCount, a.Origin = 7, "https://shop.example"
		assertion, err := verifier.ReadAssertion(a.Sign(t, o))
		if err != nil {
			t.Fatalf("algorithm %d: %v", algorithm, err)
		}
		id, handle := assertion.Claims()
		if string(id) != string(a.CredentialID) || string(handle) != "handle of a user" {
			t.Errorf("algorithm %d: the assertion claims %x of %q", algorithm, id, handle)
		}
		if count, err := assertion.Verify(c, key); count != 7 || err != nil {
			t.Errorf("algorithm %d: counter %d, %v", algorithm, count, err)
		}
	}
}

// TestRefused promises that what does not fit its ceremony is refused, at registration and at sign-in alike.
func TestRefused(t *testing.T) {
	for name, change := range map[string]func(*authtest.Authenticator){
		"another site":            func(a *authtest.Authenticator) { a.Origin = "https://example.com" },
		"another port":            func(a *authtest.Authenticator) { a.Origin = page + ":8443" },
		"another scheme":          func(a *authtest.Authenticator) { a.Origin = "http://login.example.com" },
		"no origin":               func(a *authtest.Authenticator) { a.Origin = "" },
		"a frame of another site": func(a *authtest.Authenticator) { a.CrossOrigin = true },
		"another relying party":   func(a *authtest.Authenticator) { a.Party = "login.example.com" },
		"another ceremony":        func(a *authtest.Authenticator) { a.Type = "payment.get" },
		"nobody present":          func(a *authtest.Authenticator) { a.Flags &^= authtest.UserPresent },
		"nobody verified":         func(a *authtest.Authenticator) { a.Flags &^= authtest.UserVerified },
		"backed up and cannot be": func(a *authtest.Authenticator) { a.Flags |= authtest.BackedUp },
	} {
		t.Run(name, func(t *testing.T) {
			verifier, a := passkey.New(), authtest.NewAuthenticator(t, -7, page)
			c, o := ceremony(true)
			key, err := verifier.Register(c, a.Create(t, o))
			if err != nil {
				t.Fatal(err)
			}
			change(a)
			if _, err := verifier.Register(c, a.Create(t, o)); err == nil {
				t.Error("registered")
			}
			assertion, err := verifier.ReadAssertion(a.Sign(t, o))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := assertion.Verify(c, key); err == nil {
				t.Error("signed in")
			}
		})
	}
}

// TestForeign promises that an assertion is worth nothing for another challenge, another key, or no key at all.
func TestForeign(t *testing.T) {
	verifier, a := passkey.New(), authtest.NewAuthenticator(t, -7, page)
	c, o := ceremony(true)
	key, err := verifier.Register(c, a.Create(t, o))
	if err != nil {
		t.Fatal(err)
	}
	assertion, err := verifier.ReadAssertion(a.Sign(t, o))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := assertion.Verify(c, key); err != nil {
		t.Fatalf("its own key: %v", err)
	}
	another, _ := ceremony(true)
	if _, err := assertion.Verify(another, key); err == nil {
		t.Error("another challenge")
	}
	for _, algorithm := range auth.PasskeyAlgorithms() {
		foreign := key
		foreign.PublicKey = authtest.NewAuthenticator(t, int(algorithm), page).PublicKey()
		if _, err := assertion.Verify(c, foreign); err == nil {
			t.Errorf("a foreign key of algorithm %d", algorithm)
		}
	}
	if _, err := assertion.Verify(c, auth.Passkey{}); err == nil {
		t.Error("no key")
	}
	synced := key
	synced.Synced = true
	if _, err := assertion.Verify(c, synced); err == nil {
		t.Error("a passkey that says otherwise whether it is synced")
	}
}

// TestAssertionTampered promises that no byte of what was signed can change.
func TestAssertionTampered(t *testing.T) {
	verifier, a := passkey.New(), authtest.NewAuthenticator(t, -8, page)
	c, o := ceremony(true)
	key, err := verifier.Register(c, a.Create(t, o))
	if err != nil {
		t.Fatal(err)
	}
	var answer map[string]any
	if err := json.Unmarshal(a.Sign(t, o), &answer); err != nil {
		t.Fatal(err)
	}
	response := answer["response"].(map[string]any)
	for _, member := range []string{"clientDataJSON", "authenticatorData", "signature"} {
		text := response[member].(string)
		raw, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		for i := range raw {
			raw[i] ^= 1
			response[member] = base64.RawURLEncoding.EncodeToString(raw)
			raw[i] ^= 1
			changed, err := json.Marshal(answer)
			if err != nil {
				t.Fatal(err)
			}
			assertion, err := verifier.ReadAssertion(changed)
			if err != nil {
				continue
			}
			if _, err := assertion.Verify(c, key); err == nil {
				t.Errorf("byte %d of %s may change", i, member)
			}
		}
		response[member] = text
	}
}
