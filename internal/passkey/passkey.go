// Package passkey verifies what authenticators sign, by go-webauthn. It keeps no state and decides nothing about users: auth does, which
// also makes the options for browsers, so that programs that only ask for a passkey do not link this package.
package passkey

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"

	"latchkey/internal/auth"
)

// Verifier implements auth.Passkeys; make one with New. It may be used concurrently.
type Verifier struct{ decoy []byte }

// New returns a verifier with a decoy key, whose private half is forgotten, for assertions with unknown passkeys.
func New() Verifier { return Verifier{newDecoy()} }

// The errors of this package; auth takes each of them for a refusal.
var (
	errAttestation = errors.New("passkey: neither no attestation nor one by the passkey itself")
	errKey         = errors.New("passkey: the public key is of no kind that is accepted")
	errBackup      = errors.New("passkey: what it says of backups contradicts itself")
	errUnknown     = errors.New("passkey: unknown")
)

// algorithms are those that auth's creation options offer.
func algorithms() (accepted []protocol.CredentialParameter) {
	for _, alg := range auth.PasskeyAlgorithms() {
		accepted = append(accepted, protocol.CredentialParameter{
			Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.COSEAlgorithmIdentifier(alg),
		})
	}
	return accepted
}

// Register verifies an answer to creation options (WebAuthn Level 3 section 7.1). Attestation is not asked for: what a passkey says of
// itself is verified, and certificates of its maker are refused.
func (Verifier) Register(c auth.Ceremony, answer []byte) (auth.Passkey, error) {
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return auth.Passkey{}, fmt.Errorf("decode the passkey: %w", err)
	}
	object := &parsed.Response.AttestationObject
	if !acceptableAttestation(object) {
		return auth.Passkey{}, errAttestation
	}
	if _, err := parsed.Verify(challenge(c), c.RelyingParty.ID, c.RelyingParty.Origins, nil, nil, protocol.TopOriginExplicitVerificationMode,
		false, c.Verification, true, nil, algorithms(), protocol.AttestationPolicy{}, protocol.SignaturePolicy{}); err != nil {
		return auth.Passkey{}, fmt.Errorf("verify the passkey: %w", err)
	}
	data := object.AuthData
	if err := checkBackup(data.Flags); err != nil {
		return auth.Passkey{}, err
	}
	if len(data.AttData.CredentialID) == 0 || !acceptableKey(data.AttData.CredentialPublicKey) {
		return auth.Passkey{}, errKey
	}
	return auth.Passkey{
		CredentialID: data.AttData.CredentialID, PublicKey: data.AttData.CredentialPublicKey,
		Transports: transports(parsed.Response.Transports), Synced: data.Flags.HasBackupEligible(),
	}, nil
}

// acceptableAttestation takes what clients send where none was asked for: nothing, or the passkey's signature over itself (section 5.1.3,
// step 22).
func acceptableAttestation(object *protocol.AttestationObject) bool {
	switch protocol.AttestationFormat(object.Format) {
	case protocol.AttestationFormatNone:
		return true
	case protocol.AttestationFormatPacked:
		_, certified := object.AttStatement["x5c"]
		return !certified
	}
	return false
}

// checkBackup refuses a passkey that is backed up and cannot be (section 6.1.3).
func checkBackup(flags protocol.AuthenticatorFlags) error {
	if flags.HasBackupState() && !flags.HasBackupEligible() {
		return errBackup
	}
	return nil
}

// transports keeps the words that browsers know; others are the client's own text, which would be sent to it again.
func transports(given []protocol.AuthenticatorTransport) (known []string) {
	for _, t := range []protocol.AuthenticatorTransport{
		protocol.USB, protocol.NFC, protocol.BLE, protocol.SmartCard, protocol.Hybrid, protocol.Internal,
	} {
		if slices.Contains(given, t) {
			known = append(known, string(t))
		}
	}
	return known
}

func challenge(c auth.Ceremony) string { return base64.RawURLEncoding.EncodeToString(c.Challenge) }

// ReadAssertion decodes an answer to request options (WebAuthn Level 3 section 5.5) and verifies nothing. An error may
// quote the answer.
func (v Verifier) ReadAssertion(answer []byte) (auth.Assertion, error) {
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return nil, fmt.Errorf("decode the assertion: %w", err)
	}
	return assertion{parsed, v.decoy}, nil
}

type assertion struct {
	parsed *protocol.ParsedCredentialAssertionData
	decoy  []byte
}

// Claims returns what the answer says of itself.
func (a assertion) Claims() (credentialID, handle []byte) {
	return a.parsed.RawID, a.parsed.Response.UserHandle
}

// Verify checks the assertion for the ceremony (section 7.2), by the decoy key for a zero passkey.
func (a assertion) Verify(c auth.Ceremony, p auth.Passkey) (signCount uint32, err error) {
	key := p.PublicKey
	if len(key) == 0 {
		key = a.decoy
	}
	if err := a.parsed.Verify(challenge(c), c.RelyingParty.ID, "", c.RelyingParty.Origins, nil, nil, protocol.TopOriginExplicitVerificationMode,
		false, c.Verification, true, key, protocol.SignaturePolicy{}); err != nil {
		return 0, fmt.Errorf("verify the assertion: %w", err)
	}
	data := a.parsed.Response.AuthenticatorData
	switch {
	case len(p.PublicKey) == 0:
		return 0, errUnknown
	case data.Flags.HasBackupEligible() != p.Synced:
		return 0, errBackup
	}
	return data.Counter, checkBackup(data.Flags)
}
