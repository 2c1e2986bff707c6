package passkey_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/go-webauthn/webauthn/protocol"

	"latchkey/internal/auth"
	"latchkey/internal/passkey"
)

// vector is one of WebAuthn Level 3 section 16, in hex. Registers says whether we take the passkey: not with a certificate of its maker, in
// a frame of another site, or of another algorithm.
type vector struct {
	Section, Name string
	Registers     bool
	SignsIn       *bool // nil: of an algorithm that no stored passkey has
	Registration  struct{ Challenge, CredentialID, ClientDataJSON, AttestationObject string }
	Assertion     struct{ Challenge, ClientDataJSON, AuthenticatorData, Signature string }
}

// TestVectors promises that the examples of the standard are judged as it says, for each accepted algorithm.
func TestVectors(t *testing.T) {
	text, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	if err := json.Unmarshal(text, &vectors); err != nil || len(vectors) < 9 {
		t.Fatalf("%d vectors: %v", len(vectors), err)
	}
	for _, v := range vectors {
		t.Run(v.Name, func(t *testing.T) {
			verifier, made := passkey.New(), v.registration(t)
			registered, err := verifier.Register(standard(t, v.Registration.Challenge), made)
			if (err == nil) != v.Registers {
				t.Errorf("registered: %v", err)
			}
			if v.SignsIn == nil {
				return
			}
			key := stored(t, made)
			if v.Registers && (string(registered.PublicKey) != string(key.PublicKey) || registered.Synced != key.Synced) {
				t.Errorf("registered is %+v, not %+v", registered, key)
			}
			assertion, err := verifier.ReadAssertion(v.assertion(t))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := assertion.Verify(standard(t, v.Assertion.Challenge), key); (err == nil) != *v.SignsIn {
				t.Errorf("signed in: %v", err)
			}
			if _, err := assertion.Verify(standard(t, v.Registration.Challenge), key); err == nil {
				t.Error("signed in with another challenge")
			}
		})
	}
}

// standard is the ceremony of the vectors.
func standard(t *testing.T, challenge string) auth.Ceremony {
	t.Helper()
	return auth.Ceremony{Challenge: unhex(t, challenge), RelyingParty: auth.RelyingParty{ID: "example.org", Origins: []string{"https://example.org"}}}
}

// stored returns the passkey as it would be stored, also if its attestation is not taken.
func stored(t *testing.T, made []byte) auth.Passkey {
	t.Helper()
	parsed, err := protocol.ParseCredentialCreationResponseBytes(made)
	if err != nil {
		t.Fatal(err)
	}
	data := parsed.Response.AttestationObject.AuthData
	return auth.Passkey{CredentialID: data.AttData.CredentialID, PublicKey: data.AttData.CredentialPublicKey, Synced: data.Flags.HasBackupEligible()}
}

func (v vector) registration(t *testing.T) []byte {
	t.Helper()
	return v.answer(t, map[string]string{"clientDataJSON": v.Registration.ClientDataJSON, "attestationObject": v.Registration.AttestationObject})
}

func (v vector) assertion(t *testing.T) []byte {
	t.Helper()
	return v.answer(t, map[string]string{
		"clientDataJSON": v.Assertion.ClientDataJSON, "authenticatorData": v.Assertion.AuthenticatorData, "signature": v.Assertion.Signature,
	})
}

func (v vector) answer(t *testing.T, response map[string]string) []byte {
	t.Helper()
	for name, text := range response {
		response[name] = base64.RawURLEncoding.EncodeToString(unhex(t, text))
	}
	id := base64.RawURLEncoding.EncodeToString(unhex(t, v.Registration.CredentialID))
	text, err := json.Marshal(map[string]any{"id": id, "rawId": id, "type": "public-key", "response": response})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
