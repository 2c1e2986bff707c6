package app_test

import (
	"encoding/base64"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

// TestRelyingParty promises that passkeys are made for the issuer's host where that is a name of the deployment's own, and never for a domain
// that a request names. Only the issuer's and the allowed origins may use them.
func TestRelyingParty(t *testing.T) {
	for _, tc := range []struct {
		set  settings
		want auth.RelyingParty
	}{
		{settings{"ISSUER": "https://Login.example.com/auth"}, party("login.example.com", "https://login.example.com")},
		{settings{"ISSUER": "https://login.example.com:8443"}, party("login.example.com", "https://login.example.com:8443")},
		{settings{"ISSUER": "https://login.example.com:443"}, party("login.example.com", "https://login.example.com")},
		{settings{"ISSUER": "http://localhost:3000"}, party("localhost", "http://localhost:3000")},
		{settings{"ISSUER": "http://127.0.0.1:3000"}, auth.RelyingParty{}},
		{settings{"ISSUER": "https://192.0.2.1"}, auth.RelyingParty{}},
		{settings{"ISSUER": "https://[2001:db8::1]"}, auth.RelyingParty{}},
		{settings{"ISSUER": "https://a1b2c3.execute-api.eu-central-1.amazonaws.com/live"}, auth.RelyingParty{}},
		{settings{"ISSUER": "https://a1b2c3.execute-api.eu-central-1.amazonaws.com", "PASSKEY_RP": "example.com", "ALLOWED_ORIGINS": "https://app.example.com"},
			party("example.com", "https://a1b2c3.execute-api.eu-central-1.amazonaws.com", "https://app.example.com")},
		{settings{"ISSUER": "https://login.example.com", "PASSKEY_RP": "off"}, auth.RelyingParty{}},
		{settings{"ISSUER": "https://login.example.com", "PASSKEY_RP": "example.com", "PASSKEY_ORIGINS": "https://shop.example"},
			party("example.com", "https://login.example.com")},
	} {
		config, err := app.ConfigFrom(tc.set.get)
		if err != nil {
			t.Errorf("%v: %v", tc.set, err)
			continue
		}
		got := app.RelyingParty(config)
		got.Name = ""
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%v (-want +got):\n%s", tc.set, diff)
		}
	}
}

func party(id string, origins ...string) auth.RelyingParty {
	return auth.RelyingParty{ID: id, Origins: origins}
}

// passkeyPage is a page that may use passkeys.
const passkeyPage = "https://app.example.com"

// newPasskey returns an authenticator with a passkey that was made for the relying party, and the factors of its user.
func newPasskey(t testing.TB, c app.Config) (*authtest.Authenticator, auth.Factors) {
	t.Helper()
	a := authtest.NewAuthenticator(t, -7, passkeyPage)
	a.Handle = []byte("handle of a user")
	return a, auth.Factors{Handle: base64.RawURLEncoding.EncodeToString(a.Handle), Passkeys: []auth.Passkey{{
		ID: "laptop", CredentialID: a.CredentialID, PublicKey: a.PublicKey(), RelyingParty: app.RelyingParty(c).ID, CreatedAt: authtest.Start(),
	}}}
}

// askedPasskey is an answer with something to sign.
type askedPasskey struct {
	Challenge string
	PublicKey authtest.PublicKeyOptions
}

// answered returns the body of the call that follows.
func (a askedPasskey) answered(assertion []byte) string {
	return `{"challenge":"` + a.Challenge + `","assertion":` + string(assertion) + `}`
}
