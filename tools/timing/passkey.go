package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"latchkey/internal/contract"
)

// The relying party of the passkeys, and the page that uses them.
const (
	party = "example.com"
	page  = "https://app.example.com"
)

// passkey is a passkey of one user, and a key that is not the passkey's.
type passkey struct {
	id, handle, public []byte
	wrong              *ecdsa.PrivateKey
}

func newPasskey() (passkey, error) {
	right, errRight := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	wrong, errWrong := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err := errors.Join(errRight, errWrong); err != nil {
		return passkey{}, fmt.Errorf("make the passkeys: %w", err)
	}
	point, err := right.PublicKey.Bytes() // 4, x, y
	if err != nil {
		return passkey{}, fmt.Errorf("encode the passkey: %w", err)
	}
	cose := append([]byte{0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32}, point[1:33]...) // RFC 9053 7.1.1, ES256
	return passkey{random(20), random(16), append(append(cose, 0x22, 0x58, 32), point[33:]...), wrong}, nil
}

func random(size int) []byte {
	b := make([]byte, size)
	rand.Read(b)
	return b
}

// user returns the line of the passkey's user.
func (p passkey) user() string {
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Sprintf(`{"email": %q, "status": "ready", "password": %q, "accounts": [{"organizationId": "org-1", "userType": "Organization Owner"}], `+
		`"factors": {"handle": %q, "passkeys": [{"id": "laptop", "credentialId": %q, "publicKey": %q, "rp": %q, "createdAt": "2026-01-01T00:00:00Z"}]}}`+"\n",
		email("passk"), password, base64.RawURLEncoding.EncodeToString(p.handle), b64(p.id), b64(p.public), party)
}

// refusedPasskeys are signatures with a key that is not the passkey's.
func (s *server) refusedPasskeys(c contract.Contract, p passkey) (kinds []*kind) {
	for _, k := range []struct {
		name       string
		id, handle []byte
	}{
		{"unknown user", random(len(p.id)), random(len(p.handle))},
		{"user, unknown passkey", random(len(p.id)), p.handle},
		{"user and passkey, wrong key", p.id, p.handle},
		{"passkey of an unknown user", p.id, random(len(p.handle))},
	} {
		kinds = append(kinds, &kind{name: k.name, path: contract.PasskeyPath(c), prepare: func(ctx context.Context) ([]byte, error) {
			return s.assert(ctx, p.wrong, k.id, k.handle)
		}})
	}
	return kinds
}

// assert asks for options and returns the body that answers them, as a browser would sign it (WebAuthn Level 3 section 6.3.3).
func (s *server) assert(ctx context.Context, key *ecdsa.PrivateKey, id, handle []byte) ([]byte, error) {
	challenge, toSign, err := s.passkeyOptions(ctx)
	if err != nil {
		return nil, err
	}
	client := fmt.Appendf(nil, `{"type":"webauthn.get","challenge":%q,"origin":%q,"crossOrigin":false}`, toSign, page)
	const presentAndVerified = 1<<0 | 1<<2
	rp := sha256.Sum256([]byte(party))
	data := append(rp[:], presentAndVerified, 0, 0, 0, 0)
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(append(data[:len(data):len(data)], hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	return fmt.Appendf(nil, `{"challenge":%q,"assertion":{"id":%q,"rawId":%[2]q,"type":"public-key","clientExtensionResults":{},"response":`+
		`{"clientDataJSON":%q,"authenticatorData":%q,"signature":%q,"userHandle":%q}}}`,
		challenge, b64(id), b64(client), b64(data), b64(signature), b64(handle)), nil
}

// passkeyOptions returns a challenge and the bytes to sign for it, in base64url.
func (s *server) passkeyOptions(ctx context.Context) (challenge, toSign string, err error) {
	_, res, body, err := s.send(ctx, &kind{path: planpoint + "/passkey/options", body: []byte("{}")})
	if err != nil {
		return "", "", err
	}
	var asked struct {
		Challenge string `json:"challenge"`
		PublicKey struct {
			Challenge string `json:"challenge"`
		} `json:"publicKey"`
	}
	if err := json.Unmarshal(body, &asked); err != nil || asked.PublicKey.Challenge == "" {
		return "", "", fmt.Errorf("no options: %d %s", res.StatusCode, body)
	}
	return asked.Challenge, asked.PublicKey.Challenge, nil
}
