package auth

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The refusals that carry a challenge; the error is a *ChallengeError.
var (
	// ErrChallenged: the password was right and the user's second factor is missing.
	ErrChallenged = errors.New("auth: a second factor is needed")
	// ErrMustEnroll: the password was right, and the user has to set up a second factor first.
	ErrMustEnroll = errors.New("auth: a second factor has to be set up")
)

// ChallengeError is ErrChallenged or ErrMustEnroll with what the client needs to go on.
type ChallengeError struct{ Challenge Challenge }

// Unwrap makes errors.Is find which of the two it is.
func (e *ChallengeError) Unwrap() error {
	if e.Challenge.Enroll {
		return ErrMustEnroll
	}
	return ErrChallenged
}

// Error returns the text of the refusal, never the challenge.
func (e *ChallengeError) Error() string { return e.Unwrap().Error() }

func isChallenge(err error) bool {
	var challenge *ChallengeError
	return errors.As(err, &challenge)
}

// Challenge is what a client gets instead of a session: a signed statement that the password was right, and how to go on.
type Challenge struct {
	ID        string
	Methods   []Method // what the user has; empty if they must enroll first
	Enroll    bool
	ExpiresIn time.Duration
	PublicKey *AssertionOptions // nil unless a passkey is among the methods
}

// Method is a way to prove a second factor, as clients see it.
type Method string

// The methods, in the order in which a challenge lists them.
const (
	MethodTOTP     Method = "totp"
	MethodRecovery Method = "recovery"
	MethodPasskey  Method = "passkey"
)

// AssertionOptions ask a browser to sign with a passkey (WebAuthn Level 3 section 5.5, PublicKeyCredentialRequestOptions).
type AssertionOptions struct {
	Challenge        []byte
	Timeout          time.Duration
	RelyingParty     string
	Credentials      []Passkey // empty: any discoverable one
	UserVerification string    // required or preferred
}

// The lives of challenges.
const (
	challengeLife  = 5 * time.Minute
	enrollmentLife = 15 * time.Minute
)

// purpose says which call a challenge is for; a challenge is worth nothing at any other.
type purpose string

const (
	purposeLogin       purpose = "login"
	purposeEnroll      purpose = "enroll"
	purposeChange      purpose = "change password"
	purposeResetFactor purpose = "reset password"

	// Of the tokens in mails, which are signed with a key of their own.
	purposeReset  purpose = "reset"
	purposeInvite purpose = "invite"
)

// label is that of the key that signs tickets of the purpose.
func (p purpose) label() string {
	if p == purposeReset || p == purposeInvite {
		return "latchkey reset 1"
	}
	return "latchkey challenge 1"
}

// ticket is what a challenge or a token in a mail states. It is signed, not sealed: it holds nothing that the client may not see.
type ticket struct {
	Purpose  purpose `json:"for"`
	UserID   string  `json:"user"`
	Address  string  `json:"address,omitempty"` // of a mail: the IdentifierHash of its address
	Contract string  `json:"contract,omitempty"`
	KeyHash  string  `json:"client,omitempty"` // of the API key that it was made with
	Target   string  `json:"target,omitempty"` // the identifier to be impersonated
	Party    string  `json:"party,omitempty"`  // the relying party of a passkey
	Handle   string  `json:"handle,omitempty"` // what a new passkey will call the user
	Bound    string  `json:"bound,omitempty"`  // what else it is for: a session, or a token
	Epoch    int64   `json:"epoch"`            // the user's password epoch
	Nonce    string  `json:"nonce,omitempty"`
	Expires  int64   `json:"exp"` // Unix seconds
}

// maxChallenge bounds what is decoded at all: a real one has under 1,500 characters.
const maxChallenge = 4096

// IsChallenge reports whether a bearer's text has the form of a challenge, which no access token has: one dot, not two.
func IsChallenge(bearer string) bool { return strings.Count(bearer, ".") == 1 }

// signTicket returns the challenge's text: the ticket and its MAC.
func (s *Service) signTicket(ctx context.Context, t ticket) (string, error) {
	text, err := json.Marshal(t)
	if err != nil {
		return "", fmt.Errorf("encode the challenge: %w", err)
	}
	mac, err := s.keys.MAC(ctx, t.Purpose.label(), string(text))
	if err != nil {
		return "", fmt.Errorf("sign the challenge: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(text) + "." + base64.RawURLEncoding.EncodeToString(mac), nil
}

// openTicket returns what the challenge states, if it was signed here for one of the purposes, which share a key, and is still in time. A
// refusal is ErrBadCredentials.
func (s *Service) openTicket(ctx context.Context, challenge string, of ...purpose) (ticket, error) {
	payload, signature, _ := strings.Cut(challenge, ".")
	text, errText := base64.RawURLEncoding.Strict().DecodeString(payload)
	mac, errMAC := base64.RawURLEncoding.Strict().DecodeString(signature)
	if len(challenge) > maxChallenge || errText != nil || errMAC != nil || strings.ContainsAny(challenge, "\r\n") {
		return ticket{}, refuse(ErrBadCredentials, reasonMalformed)
	}
	want, err := s.keys.MAC(ctx, of[0].label(), string(text))
	if err != nil {
		return ticket{}, fmt.Errorf("check the challenge: %w", err)
	}
	var t ticket
	if !hmac.Equal(mac, want) || json.Unmarshal(text, &t) != nil || !slices.Contains(of, t.Purpose) {
		return ticket{}, refuse(ErrBadCredentials, reasonForged)
	}
	if s.now().Unix() >= t.Expires {
		return ticket{}, refuse(ErrBadCredentials, reasonExpired)
	}
	return t, nil
}

// userOf reads the user of the ticket, and refuses one who has had another password since, or is gone.
func (s *Service) userOf(ctx context.Context, t ticket) (User, error) {
	u, err := s.readUser(ctx, t.UserID, t.Nonce)
	if err != nil {
		return User{}, err
	}
	if u.ID == "" || u.PasswordEpoch != t.Epoch {
		return User{}, refuse(ErrBadCredentials, reasonPasswordChanged)
	}
	return u, nil
}

// spend uses the challenge up; the second use is refused.
func (s *Service) spend(ctx context.Context, t ticket) error {
	err := s.store.SpendNonce(ctx, t.Nonce, time.Unix(t.Expires, 0).Add(maxSkew))
	if errors.Is(err, ErrConflict) {
		return refuse(ErrBadCredentials, reasonReplayed)
	}
	if err != nil {
		return fmt.Errorf("use the challenge up: %w", err)
	}
	return nil
}

// challenge makes the refusal of a caller whose password was right and who has to prove, or set up, a factor.
func (l *login) challenge(ctx context.Context, caller User, enroll bool) error {
	t := ticket{
		Purpose: purposeLogin, UserID: caller.ID, Contract: l.terms.Contract, KeyHash: l.client.KeyHash,
		Target: l.attempt.Impersonate.String(), Epoch: caller.PasswordEpoch,
	}
	if enroll {
		t.Purpose = purposeEnroll
	}
	return l.challengeFor(ctx, caller, t)
}

// challengeFor makes the refusal with a challenge that states t, once and for its time.
func (s *Service) challengeFor(ctx context.Context, u User, t ticket) (err error) {
	c := Challenge{Enroll: t.Purpose == purposeEnroll, ExpiresIn: challengeLife}
	if c.Enroll {
		c.ExpiresIn = enrollmentLife
	}
	t.Nonce, t.Expires = s.newID(), s.now().Add(c.ExpiresIn).Unix()
	if c.ID, err = s.signTicket(ctx, t); err != nil {
		return err
	}
	if !c.Enroll {
		if c.Methods, err = s.methods(ctx, u); err != nil {
			return err
		}
		if known := s.passkeys(u); len(known) > 0 {
			options, err := s.assertionOptions(ctx, c.ID, challengeLife, known, verifyPreferred)
			if err != nil {
				return err
			}
			c.PublicKey = &options
		}
	}
	return refuse(&ChallengeError{c}, reasonFactorMissing)
}

// methods lists what the user can prove a factor with.
func (s *Service) methods(ctx context.Context, u User) ([]Method, error) {
	state, err := s.store.FactorState(ctx, u.ID)
	if err != nil {
		return nil, fmt.Errorf("read the recovery codes: %w", err)
	}
	var methods []Method
	if len(u.Factors.TOTP) > 0 {
		methods = append(methods, MethodTOTP)
	}
	if len(state.Recovery) > 0 {
		methods = append(methods, MethodRecovery)
	}
	if len(s.passkeys(u)) > 0 {
		methods = append(methods, MethodPasskey)
	}
	return methods, nil
}
