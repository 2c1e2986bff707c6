package authtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"
)

// The flags of authenticator data (WebAuthn Level 3 section 6.1).
const (
	UserPresent  = 1 << 0
	UserVerified = 1 << 2
	MayBackUp    = 1 << 3
	BackedUp     = 1 << 4
	attested     = 1 << 6
)

// Authenticator is a WebAuthn authenticator in software, with one passkey. Tests change its fields to misbehave.
type Authenticator struct {
	Key          crypto.Signer
	CredentialID []byte
	Handle       []byte // of the user, once the passkey is made
	Flags        byte
	SignCount    uint32 // of the next signature
	Origin       string // that the browser reports
	CrossOrigin  bool
	Party        string // whose hash is signed, in place of the options' one; empty: theirs
	Type         string // in place of the ceremony's own; empty: that
}

// NewAuthenticator returns one whose key is for the COSE algorithm: -7, -8 or -257. It verifies its user and does not sync.
func NewAuthenticator(t testing.TB, algorithm int, origin string) *Authenticator {
	t.Helper()
	a := &Authenticator{CredentialID: make([]byte, 20), Flags: UserPresent | UserVerified, Origin: origin}
	rand.Read(a.CredentialID)
	var err error
	switch algorithm {
	case -7:
		a.Key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case -8:
		_, a.Key, err = ed25519.GenerateKey(rand.Reader)
	case -257:
		a.Key, err = rsa.GenerateKey(rand.Reader, 2048)
	default:
		t.Fatalf("no algorithm %d", algorithm)
	}
	check(t, err)
	return a
}

// PublicKeyOptions is what a browser reads of creation and of request options.
type PublicKeyOptions struct {
	Challenge string `json:"challenge"`
	RP        struct {
		ID string `json:"id"`
	} `json:"rp"`
	RPID string `json:"rpId"`
	User struct {
		ID string `json:"id"`
	} `json:"user"`
}

// Create answers creation options with the passkey, as PublicKeyCredential.toJSON does.
func (a *Authenticator) Create(t testing.TB, o PublicKeyOptions) []byte {
	t.Helper()
	var err error
	a.Handle, err = base64.RawURLEncoding.DecodeString(o.User.ID)
	check(t, err)
	data := a.data(o.RP.ID, attested)
	data = append(data, make([]byte, 16)...) // no model
	data = binary.BigEndian.AppendUint16(data, uint16(len(a.CredentialID)))
	data = append(data, a.CredentialID...)
	data = append(data, a.PublicKey()...)
	object := cborMap(nil, 3)
	object = cborText(cborText(object, "fmt"), "none")
	object = cborMap(cborText(object, "attStmt"), 0)
	object = cborBytes(cborText(object, "authData"), data)
	return a.answer(t, map[string]any{
		"clientDataJSON": encode(a.clientData(t, "webauthn.create", o.Challenge)), "attestationObject": encode(object),
		"transports": []string{"internal", "hybrid", "pigeon"},
	})
}

// Sign answers request options with an assertion, as PublicKeyCredential.toJSON does.
func (a *Authenticator) Sign(t testing.TB, o PublicKeyOptions) []byte {
	t.Helper()
	data, client := a.data(o.RPID, 0), a.clientData(t, "webauthn.get", o.Challenge)
	hash := sha256.Sum256(client)
	signed := append(data[:len(data):len(data)], hash[:]...)
	response := map[string]any{"clientDataJSON": encode(client), "authenticatorData": encode(data), "signature": encode(a.sign(t, signed))}
	if len(a.Handle) > 0 {
		response["userHandle"] = encode(a.Handle)
	}
	return a.answer(t, response)
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (a *Authenticator) answer(t testing.TB, response map[string]any) []byte {
	t.Helper()
	text, err := json.Marshal(map[string]any{
		"id": encode(a.CredentialID), "rawId": encode(a.CredentialID), "type": "public-key", "response": response,
		"clientExtensionResults": map[string]any{}, "authenticatorAttachment": "platform",
	})
	check(t, err)
	return text
}

func (a *Authenticator) clientData(t testing.TB, kind, challenge string) []byte {
	t.Helper()
	if a.Type != "" {
		kind = a.Type
	}
	text, err := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": a.Origin, "crossOrigin": a.CrossOrigin})
	check(t, err)
	return text
}

// data returns the authenticator data without what was attested (section 6.1).
func (a *Authenticator) data(party string, more byte) []byte {
	if a.Party != "" {
		party = a.Party
	}
	hash := sha256.Sum256([]byte(party))
	return binary.BigEndian.AppendUint32(append(hash[:], a.Flags|more), a.SignCount)
}

func (a *Authenticator) sign(t testing.TB, message []byte) []byte {
	t.Helper()
	digest, hash := message, crypto.Hash(0)
	if _, pure := a.Key.(ed25519.PrivateKey); !pure {
		sum := sha256.Sum256(message)
		digest, hash = sum[:], crypto.SHA256
	}
	signature, err := a.Key.Sign(rand.Reader, digest, hash)
	check(t, err)
	return signature
}

// PublicKey returns the key in COSE (RFC 9053 7.1, 7.2; RFC 8230).
func (a *Authenticator) PublicKey() []byte {
	switch key := a.Key.Public().(type) {
	case *ecdsa.PublicKey:
		point, err := key.Bytes()
		if err != nil {
			panic("authtest: " + err.Error())
		}
		b := cborInts(cborMap(nil, 5), 1, 2, 3, -7, -1, 1, -2)
		return cborBytes(cborInts(cborBytes(b, point[1:33]), -3), point[33:])
	case ed25519.PublicKey:
		return cborBytes(cborInts(cborMap(nil, 4), 1, 1, 3, -8, -1, 6, -2), key)
	case *rsa.PublicKey:
		b := cborBytes(cborInts(cborMap(nil, 4), 1, 3, 3, -257, -1), key.N.Bytes())
		return cborBytes(cborInts(b, -2), []byte{1, 0, 1})
	}
	panic("authtest: a key of another kind")
}

// The heads of CBOR items (RFC 8949 3.1).
func cborHead(b []byte, major byte, n int) []byte {
	switch {
	case n < 24:
		return append(b, major<<5|byte(n))
	case n < 1<<8:
		return append(b, major<<5|24, byte(n))
	}
	return binary.BigEndian.AppendUint16(append(b, major<<5|25), uint16(n))
}

func cborMap(b []byte, n int) []byte     { return cborHead(b, 5, n) }
func cborBytes(b, v []byte) []byte       { return append(cborHead(b, 2, len(v)), v...) }
func cborText(b []byte, v string) []byte { return append(cborHead(b, 3, len(v)), v...) }
func cborInts(b []byte, all ...int) []byte {
	for _, n := range all {
		if n < 0 {
			b = cborHead(b, 1, -1-n)
		} else {
			b = cborHead(b, 0, n)
		}
	}
	return b
}
