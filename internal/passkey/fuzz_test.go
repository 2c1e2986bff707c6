package passkey_test

import (
	"encoding/base64"
	"encoding/json"
	"testing"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/passkey"
)

// FuzzAssertion looks for JSON that panics, or that signs in without the passkey's key.
func FuzzAssertion(f *testing.F) {
	verifier, a := passkey.New(), authtest.NewAuthenticator(f, -7, page)
	c, o := ceremony(true)
	key, err := verifier.Register(c, a.Create(f, o))
	if err != nil {
		f.Fatal(err)
	}
	other, signed := authtest.NewAuthenticator(f, -7, page), *a
	signed.Key = other.Key
	for _, seed := range [][]byte{nil, []byte("null"), []byte("{}"), []byte(`{"id":1}`), signed.Sign(f, o), a.Create(f, o)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		assertion, err := verifier.ReadAssertion(answer)
		if err != nil {
			return
		}
		for _, p := range []auth.Passkey{key, {}, {PublicKey: answer}} {
			if _, err := assertion.Verify(c, p); err == nil {
				t.Errorf("%s signs in", answer)
			}
		}
	})
}

// FuzzAttestation looks for CBOR that panics, or for a stored passkey that no signature could be checked with.
func FuzzAttestation(f *testing.F) {
	verifier := passkey.New()
	c, o := ceremony(false)
	shape := authtest.NewAuthenticator(f, -7, page)
	for _, algorithm := range auth.PasskeyAlgorithms() {
		a := authtest.NewAuthenticator(f, int(algorithm), page)
		a.CredentialID = shape.CredentialID
		made := attestation(f, a.Create(f, o))
		f.Add(made)
		f.Add(made[:len(made)/2])
	}
	f.Add([]byte{0xa0})
	f.Add([]byte{0x9f, 0x9f, 0x9f, 0x9f})
	f.Fuzz(func(t *testing.T, object []byte) {
		p, err := verifier.Register(c, withAttestation(t, shape.Create(t, o), object))
		if err != nil {
			return
		}
		if len(p.PublicKey) == 0 || len(p.CredentialID) == 0 || len(p.CredentialID) > 1023 {
			t.Errorf("%x registers %+v", object, p)
		}
		assertion, err := verifier.ReadAssertion(shape.Sign(t, o))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := assertion.Verify(c, p); err == nil {
			t.Errorf("%x: another key signs in", object)
		}
	})
}

// attestation returns the object in the browser's answer.
func attestation(t testing.TB, made []byte) []byte {
	t.Helper()
	var answer struct {
		Response struct{ AttestationObject string }
	}
	if err := json.Unmarshal(made, &answer); err != nil {
		t.Fatal(err)
	}
	object, err := base64.RawURLEncoding.DecodeString(answer.Response.AttestationObject)
	if err != nil {
		t.Fatal(err)
	}
	return object
}

// withAttestation replaces the object in the browser's answer.
func withAttestation(t testing.TB, made, object []byte) []byte {
	t.Helper()
	var answer map[string]any
	if err := json.Unmarshal(made, &answer); err != nil {
		t.Fatal(err)
	}
	answer["response"].(map[string]any)["attestationObject"] = base64.RawURLEncoding.EncodeToString(object)
	text, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
