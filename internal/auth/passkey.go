package auth

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"
)

// The refusals of calls about passkeys.
var (
	// ErrPasskeysOff: the deployment has no relying party, so no passkey can be made or used.
	ErrPasskeysOff = errors.New("auth: passkeys are off")
	// ErrPasskey: the browser's answer is not a new passkey for this challenge and relying party.
	ErrPasskey = errors.New("auth: bad passkey")
)

// RelyingParty is the service that passkeys are made for (WebAuthn Level 3 section 4); the zero value turns them off.
type RelyingParty struct {
	ID      string   // a domain name, to which browsers bind a passkey
	Name    string   // as authenticators show it
	Origins []string // of the pages that may use passkeys, as browsers send them
}

// Ceremony is what an authenticator's answer must fit (WebAuthn Level 3 sections 7.1 and 7.2).
type Ceremony struct {
	Challenge    []byte
	RelyingParty RelyingParty
	Verification bool // the user must have been verified, by a PIN or biometrics
}

// Passkeys reads and verifies what authenticators answer, as JSON of WebAuthn Level 3 section 5.5. Any error is a refusal; its
// text may hold parts of the answer.
type Passkeys interface {
	// Register verifies the answer to creation options and returns the passkey, without ID, Name, RelyingParty and times.
	Register(c Ceremony, answer []byte) (Passkey, error)
	// ReadAssertion decodes the answer to request options; nothing of it is verified yet.
	ReadAssertion(answer []byte) (Assertion, error)
}

// Assertion is a signature with a passkey, as it was sent.
type Assertion interface {
	// Claims returns which passkey is said to have signed, and whose it is; the handle may be empty.
	Claims() (credentialID, handle []byte)
	// Verify returns the authenticator's counter if the passkey made the signature for the ceremony. For a zero passkey it
	// does the same work and fails.
	Verify(c Ceremony, p Passkey) (signCount uint32, err error)
}

const (
	userHandleBytes   = 16
	challengeBytes    = 32 // WebAuthn Level 3 section 13.4.3 asks for 16
	ceremonyLabel     = "latchkey webauthn challenge 1"
	verifyRequired    = "required"
	verifyPreferred   = "preferred"
	purposeRegister   = purpose("passkey")
	purposeSignIn     = purpose("passkey sign-in")
	methodHardwareKey = "hwk"
	methodSoftwareKey = "swk"
)

// PasskeysOn reports whether the deployment has passkeys at all.
func (s *Service) PasskeysOn() bool { return s.rules.RelyingParty.ID != "" }

// ceremony returns what an answer to the challenge must fit. The bytes to sign come from the challenge's text, so that nothing is
// stored and an answer to one challenge fits no other.
func (s *Service) ceremony(ctx context.Context, challenge string, verification bool) (Ceremony, error) {
	mac, err := s.keys.MAC(ctx, ceremonyLabel, challenge)
	if err != nil {
		return Ceremony{}, fmt.Errorf("derive the bytes to sign: %w", err)
	}
	return Ceremony{Challenge: mac[:challengeBytes], RelyingParty: s.rules.RelyingParty, Verification: verification}, nil
}

// passkeys returns the user's passkeys that were made for this relying party; no browser uses others here.
func (s *Service) passkeys(u User) []Passkey {
	return slices.DeleteFunc(slices.Clone(u.Factors.Passkeys), func(p Passkey) bool {
		return !s.PasskeysOn() || p.RelyingParty != s.rules.RelyingParty.ID
	})
}

// assertionOptions returns what a browser needs to sign the challenge with one of the passkeys, or with any if there are none.
func (s *Service) assertionOptions(ctx context.Context, challenge string, life time.Duration, passkeys []Passkey, verification string) (AssertionOptions, error) {
	c, err := s.ceremony(ctx, challenge, verification == verifyRequired)
	return AssertionOptions{
		Challenge: c.Challenge, Timeout: life, RelyingParty: c.RelyingParty.ID, Credentials: passkeys, UserVerification: verification,
	}, err
}

// verifyAssertion returns the user's passkey that signed the challenge and its counter; nothing is stored yet. A user without such a
// passkey costs the same work. A refusal is ErrBadCredentials.
func (s *Service) verifyAssertion(ctx context.Context, u User, a Assertion, challenge string, verification bool) (p Passkey, signCount uint32, err error) {
	c, err := s.ceremony(ctx, challenge, verification)
	if err != nil {
		return Passkey{}, 0, err
	}
	credentialID, handle := a.Claims()
	known := s.passkeys(u)
	found := slices.IndexFunc(known, func(p Passkey) bool { return bytes.Equal(p.CredentialID, credentialID) })
	if found >= 0 && (len(handle) == 0 || base64.RawURLEncoding.EncodeToString(handle) == u.Factors.Handle) {
		p = known[found]
	}
	if signCount, err = a.Verify(c, p); err != nil || p.ID == "" {
		return Passkey{}, 0, refuse(ErrBadCredentials, reasonWrongAssertion)
	}
	return p, signCount, nil
}

// usePasskey stores that the passkey was used. A counter that did not grow may mean that the passkey was copied: it goes to the audit,
// and the sign-in goes on, because authenticators get it wrong.
func (s *Service) usePasskey(ctx context.Context, u User, p Passkey, signCount uint32, record *AuditRecord) error {
	before, err := s.store.UsePasskey(ctx, u.ID, p.ID, signCount, s.now())
	if err != nil {
		return fmt.Errorf("store the passkey's use: %w", err)
	}
	if before > 0 && signCount <= before {
		record.Reason = reasonCounter
	}
	return nil
}

// method returns how RFC 8176 calls a proof by the passkey.
func (p Passkey) method() string {
	if p.Synced {
		return methodSoftwareKey
	}
	return methodHardwareKey
}

// The algorithms of passkeys, by their numbers in COSE (RFC 9053).
const (
	algorithmES256 = -7
	algorithmEdDSA = -8
	algorithmRS256 = -257
)

// PasskeyAlgorithms returns the algorithms that new passkeys may have, by their numbers in COSE, the preferred one first.
func PasskeyAlgorithms() []int64 { return []int64{algorithmES256, algorithmEdDSA, algorithmRS256} }
