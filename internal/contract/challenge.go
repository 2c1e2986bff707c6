package contract

import (
	"encoding/base64"
	"errors"
	"time"

	"latchkey/internal/auth"
)

// challenged is a refusal that carries a challenge: web adds it to the body that the contract's table has.
type challenged struct {
	error
	view challenge
}

// Unwrap makes errors.Is find the line of the contract's table.
func (c challenged) Unwrap() error { return c.error }

// Member is what web adds to the body of the refusal.
func (c challenged) Member() (name string, value any) { return "challenge", c.view }

// challenge is what clients get of auth.Challenge.
type challenge struct {
	ID        string          `json:"id"`
	Methods   []auth.Method   `json:"methods"`
	Enroll    bool            `json:"enroll,omitzero"`
	ExpiresIn int64           `json:"expiresIn"` // seconds
	PublicKey *RequestOptions `json:"publicKey,omitempty"`
}

// withChallenge adds the challenge to a refusal that has one.
func withChallenge(err error) error {
	var refused *auth.ChallengeError
	if !errors.As(err, &refused) {
		return err
	}
	c := refused.Challenge
	view := challenge{ID: c.ID, Methods: c.Methods, Enroll: c.Enroll, ExpiresIn: int64(c.ExpiresIn / time.Second)}
	if view.Methods == nil {
		view.Methods = []auth.Method{}
	}
	if c.PublicKey != nil {
		options := NewRequestOptions(*c.PublicKey)
		view.PublicKey = &options
	}
	return challenged{err, view}
}

// RequestOptions is PublicKeyCredentialRequestOptionsJSON (WebAuthn Level 3 section 5.5.1): what a browser signs with a passkey.
type RequestOptions struct {
	Challenge        string       `json:"challenge"`
	Timeout          int64        `json:"timeout"` // milliseconds
	RelyingParty     string       `json:"rpId"`
	Credentials      []descriptor `json:"allowCredentials"`
	UserVerification string       `json:"userVerification"`
}

type descriptor struct {
	Type       string   `json:"type"`
	ID         string   `json:"id"`
	Transports []string `json:"transports,omitempty"`
}

// NewRequestOptions returns the options in the form that PublicKeyCredential.parseRequestOptionsFromJSON reads.
func NewRequestOptions(o auth.AssertionOptions) RequestOptions {
	return RequestOptions{
		Challenge: base64.RawURLEncoding.EncodeToString(o.Challenge), Timeout: o.Timeout.Milliseconds(),
		RelyingParty: o.RelyingParty, Credentials: descriptors(o.Credentials), UserVerification: o.UserVerification,
	}
}

// publicKey is the type of every WebAuthn credential.
const publicKey = "public-key"

// descriptors returns how a browser finds the passkeys; never nil, which would be null.
func descriptors(passkeys []auth.Passkey) []descriptor {
	found := []descriptor{}
	for _, p := range passkeys {
		found = append(found, descriptor{
			Type: publicKey, ID: base64.RawURLEncoding.EncodeToString(p.CredentialID), Transports: p.Transports,
		})
	}
	return found
}
