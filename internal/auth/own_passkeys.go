package auth

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"time"
)

// CreationOptions ask a browser to make a passkey (WebAuthn Level 3 section 5.4, PublicKeyCredentialCreationOptions).
type CreationOptions struct {
	Challenge         []byte
	Timeout           time.Duration
	RelyingParty      RelyingParty
	Handle            []byte // what the passkey calls the user
	Name, DisplayName string // as the authenticator shows the user
	Exclude           []Passkey
}

// NewPasskey is a passkey that a browser has made for the challenge of BeginPasskey.
type NewPasskey struct {
	Challenge  string
	Credential []byte // JSON
	Name       string
}

// BeginPasskey returns a challenge for a new passkey of the caller, to be answered within ten minutes. Nothing of it is stored.
func (s *Service) BeginPasskey(ctx context.Context, c Caller) (challenge string, options CreationOptions, err error) {
	if !s.PasskeysOn() {
		return "", CreationOptions{}, refuse(ErrPasskeysOff, ReasonNotAllowed)
	}
	if err := s.mayChangeFactors(c); err != nil {
		return "", CreationOptions{}, err
	}
	t := ticket{
		Purpose: purposeRegister, UserID: c.User.ID, Epoch: c.User.PasswordEpoch, Party: s.rules.RelyingParty.ID,
		Handle: cmp.Or(c.User.Factors.Handle, s.newHandle()), Nonce: s.newID(), Expires: s.now().Add(pendingLife).Unix(),
	}
	if challenge, err = s.signTicket(ctx, t); err != nil {
		return "", CreationOptions{}, err
	}
	ceremony, err := s.ceremony(ctx, challenge, false)
	if err != nil {
		return "", CreationOptions{}, err
	}
	handle, err := base64.RawURLEncoding.DecodeString(t.Handle)
	if err != nil {
		return "", CreationOptions{}, fmt.Errorf("decode the user's handle: %w", err)
	}
	return challenge, CreationOptions{
		Challenge: ceremony.Challenge, Timeout: pendingLife, RelyingParty: s.rules.RelyingParty, Handle: handle,
		Name: c.User.Email, DisplayName: cmp.Or(c.User.Name(), c.User.Email), Exclude: s.passkeys(c.User),
	}, nil
}

// newHandle returns 16 bytes that say nothing of the user (WebAuthn Level 3 section 14.6.1), in base64url.
func (s *Service) newHandle() string {
	sum := sha256.Sum256([]byte(s.newID()))
	return base64.RawURLEncoding.EncodeToString(sum[:userHandleBytes])
}

// AddPasskey stores the new passkey and returns its id, and recovery codes with the user's first factor. Adding one twice is ErrConflict.
func (s *Service) AddPasskey(ctx context.Context, c Caller, n NewPasskey, source Source) (id string, recovery []string, err error) {
	p, recovery, err := s.addPasskey(ctx, c, n, source)
	return p.ID, recovery, err
}

func (s *Service) addPasskey(ctx context.Context, c Caller, n NewPasskey, source Source) (p Passkey, recovery []string, err error) {
	record := factorRecord(EventFactorAdd, c, source)
	err = s.auditor.audited(ctx, &record, func() error {
		t, err := s.openRegistration(ctx, c, n)
		if err != nil {
			return err
		}
		if p, err = s.register(ctx, n); err != nil {
			return err
		}
		if hasPasskey(c.User.Factors, p) {
			return refuse(ErrConflict, reasonReplayed)
		}
		if err := s.spend(ctx, t); err != nil {
			return reword(err, ErrPending)
		}
		recovery, err = s.addFactor(ctx, c, func(f *Factors) error { return f.addPasskey(p, t.Handle) })
		return err
	})
	return p, recovery, err
}

// openRegistration refuses callers who may not add a passkey, and challenges that were not made for this caller.
func (s *Service) openRegistration(ctx context.Context, c Caller, n NewPasskey) (ticket, error) {
	if !s.PasskeysOn() {
		return ticket{}, refuse(ErrPasskeysOff, ReasonNotAllowed)
	}
	if err := s.mayChangeFactors(c); err != nil {
		return ticket{}, err
	}
	if err := checkFactorName(n.Name); err != nil {
		return ticket{}, err
	}
	t, err := s.openTicket(ctx, n.Challenge, purposeRegister)
	if err != nil {
		return ticket{}, reword(err, ErrPending)
	}
	if t.UserID != c.User.ID || t.Epoch != c.User.PasswordEpoch || t.Party != s.rules.RelyingParty.ID {
		return ticket{}, refuse(ErrPending, reasonForged)
	}
	return t, nil
}

// register verifies what the browser made.
func (s *Service) register(ctx context.Context, n NewPasskey) (Passkey, error) {
	c, err := s.ceremony(ctx, n.Challenge, false)
	if err != nil {
		return Passkey{}, err
	}
	p, err := s.authenticators.Register(c, n.Credential)
	if err != nil {
		return Passkey{}, refuse(ErrPasskey, reasonWrongAssertion)
	}
	p.ID, p.Name, p.RelyingParty = idOfFactor(p.CredentialID), n.Name, c.RelyingParty.ID
	p.CreatedAt = s.now().UTC().Truncate(time.Millisecond)
	return p, nil
}

// addPasskey adds the passkey, which calls the user by the handle. Another one was stored meanwhile if the user has a different handle.
func (f *Factors) addPasskey(p Passkey, handle string) error {
	switch {
	case f.Handle != "" && f.Handle != handle:
		return refuse(ErrPending, reasonReplayed)
	case hasPasskey(*f, p):
		return refuse(ErrConflict, reasonReplayed)
	}
	f.Handle, f.Passkeys = handle, append(f.Passkeys, p)
	return nil
}

func hasPasskey(f Factors, p Passkey) bool {
	return slices.ContainsFunc(f.Passkeys, func(have Passkey) bool { return bytes.Equal(have.CredentialID, p.CredentialID) })
}

// EnrollPasskey stores the caller's first factor, a passkey, and, by that, finishes the sign-in that asked for it; see Enroll.
func (s *Service) EnrollPasskey(ctx context.Context, challenge string, n NewPasskey, source Source, t Terms) (Grant, []string, error) {
	return s.enroll(ctx, challenge, source, t, func(c Caller) (amr, recovery []string, err error) {
		p, recovery, err := s.addPasskey(ctx, c, n, source)
		return []string{"pwd", p.method(), "mfa"}, recovery, err
	})
}
