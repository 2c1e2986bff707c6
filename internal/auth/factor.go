package auth

import (
	"context"
	"slices"
	"time"
)

// Factors are what a user proves in addition to the password, stored with the user. Seeds are sealed, so a copy of the store signs
// nobody in.
type Factors struct {
	// Handle is what passkeys call the user, in base64url, empty before the first. It is unique, and leads LookUp to the user.
	Handle   string    `json:"handle,omitempty"`
	TOTP     []TOTP    `json:"totp,omitempty"`
	Passkeys []Passkey `json:"passkeys,omitempty"`
}

// TOTP is one authenticator app of a user (RFC 6238). Its seed is sealed, so that a stolen store makes no codes.
type TOTP struct {
	ID        string    `json:"id"`
	Name      string    `json:"name,omitempty"`
	Sealed    []byte    `json:"sealed"` // the seed, as Codes seals it
	CreatedAt time.Time `json:"createdAt"`
}

// Passkey is one WebAuthn credential (WebAuthn Level 3 section 4, public key credential source).
type Passkey struct {
	ID           string    `json:"id"` // ours, a hash of CredentialID
	Name         string    `json:"name,omitempty"`
	CredentialID []byte    `json:"credentialId"`
	PublicKey    []byte    `json:"publicKey"` // COSE_Key
	RelyingParty string    `json:"rp"`        // RelyingParty.ID; the passkey is worth nothing for any other
	Transports   []string  `json:"transports,omitempty"`
	Synced       bool      `json:"synced,omitempty"` // may be synced, by the authenticator's own word
	CreatedAt    time.Time `json:"createdAt"`
}

// IsZero reports whether there is nothing to store.
func (f Factors) IsZero() bool { return !f.Any() && f.Handle == "" }

// Any reports whether the user has a factor.
func (f Factors) Any() bool { return len(f.TOTP) > 0 || len(f.Passkeys) > 0 }

// FactorState is what the use of factors changes. It is stored apart from the user, so that a sign-in writes a small item.
type FactorState struct {
	Codes    CodeCount
	Recovery []string             // MACs of the recovery codes that are left
	Uses     map[string]FactorUse // by the factor's id
}

// CodeCount counts the wrong codes of a user since the last right one, and says how long further codes have to wait.
type CodeCount struct {
	Wrong        int64
	BlockedUntil time.Time // no code but a recovery code is accepted before
}

// FactorUse is what the last use of a factor left: its time, and what tells a second use of the same proof.
type FactorUse struct {
	At        time.Time
	Step      int64  // of TOTP: the last step that was accepted
	SignCount uint32 // of a passkey: the authenticator's counter
}

// The limits of wrong codes: five cost no wait, then it doubles from 1 s to 1 h, and after a hundred only recovery codes are accepted.
const (
	freeCodes      = 5
	maxCodeBackoff = time.Hour
	maxWrongCodes  = 100
)

// blockedForGood is BlockedUntil once only a recovery code or an operator helps.
var blockedForGood = time.Date(9999, time.January, 1, 0, 0, 0, 0, time.UTC)

// next returns the count with one more wrong code.
func (c CodeCount) next(now time.Time) CodeCount {
	c.Wrong++
	c.BlockedUntil = time.Time{}
	switch wait := (Limits{Free: freeCodes, MaxBackoff: maxCodeBackoff}).backoff(c.Wrong); {
	case c.Wrong >= maxWrongCodes:
		c.BlockedUntil = blockedForGood
	case wait > 0:
		c.BlockedUntil = now.Add(wait)
	}
	return c
}

// wait returns how long codes have to wait, at most a day, so that it can be said in a header.
func (c CodeCount) wait(now time.Time) time.Duration {
	return max(0, min(c.BlockedUntil.Sub(now), 24*time.Hour))
}

// FactorStore keeps the second factors of users. Reads are consistent, each change is atomic, and a failure of the store
// itself wraps ErrUnavailable.
type FactorStore interface {
	// SetFactors replaces the factors of the user whose stored Version equals version and makes it grow by one. Recovery
	// replaces the MACs of the recovery codes; nil keeps them. Uses of factors that are gone, and an old handle, are forgotten.
	// ErrConflict if the version differs, ErrNotFound if the user is gone; nothing is written then.
	SetFactors(ctx context.Context, userID string, version int64, f Factors, recovery []string) error
	// FactorState returns the state, zero for a user without one.
	FactorState(ctx context.Context, userID string) (FactorState, error)
	// ClearWrongCodes sets the count of wrong codes to zero.
	ClearWrongCodes(ctx context.Context, userID string) error
	// SpendNonce stores the nonce until the time; ErrConflict if it was stored before. Of concurrent calls one succeeds.
	SpendNonce(ctx context.Context, nonce string, until time.Time) error
}

// CodeStore uses codes up. Each call is one conditional write; of concurrent uses of one code exactly one succeeds.
type CodeStore interface {
	// UseStep accepts the step of the factor: it stores the step and the time and clears the wrong codes. If that step or a
	// later one was used, or codes are blocked at the time, it changes nothing and returns ErrConflict with the count.
	UseStep(ctx context.Context, userID, factorID string, step int64, at time.Time) (CodeCount, error)
	// UseRecovery takes the MAC from the recovery codes that are left and clears the wrong codes; ErrConflict if it is missing.
	UseRecovery(ctx context.Context, userID, mac string) error
	// UsePasskey stores the passkey's counter and the time, whatever was stored, and returns the counter before, zero at first.
	UsePasskey(ctx context.Context, userID, factorID string, signCount uint32, at time.Time) (before uint32, err error)
	// CountWrongCode stores next if the count is still as seen. Otherwise it changes nothing and returns ErrConflict with the
	// count.
	CountWrongCode(ctx context.Context, userID string, seen, next CodeCount) (CodeCount, error)
}

// Codes does the arithmetic of authenticator apps, whose seeds only it can open.
type Codes interface {
	// Parse tells the kinds of codes apart by their form, in their one spelling; both are empty for any other text.
	Parse(typed string) (totp, recovery string)
	// Step returns the step whose code this is, near the time, or zero. The work is the same for every code, and for a nil seed,
	// which has no code. An error is our own fault: a stored seed must open.
	Step(ctx context.Context, userID string, sealed []byte, code string, at time.Time) (int64, error)
	// NewPending returns a new seed sealed for the user and until the time, and the seed in base32.
	NewPending(ctx context.Context, userID, name string, until time.Time) (sealed []byte, secret string, err error)
	// Confirm opens a pending seed and returns it sealed for the store, with its name and the step of the code near the time.
	// ErrNotFound if it does not open, is another user's, or its time is over; a zero step is a wrong code.
	Confirm(ctx context.Context, userID string, pending []byte, code string, at time.Time) (sealed []byte, name string, step int64, err error)
	// NewRecovery returns new recovery codes as users see them.
	NewRecovery() ([]string, error)
}

// mustHaveFactor reports whether the user's role, or their role in any account, is one that must have a factor.
func (r Rules) mustHaveFactor(u User) bool {
	return contains(r.FactorRoles, u.Role) ||
		slices.ContainsFunc(u.Accounts, func(a Account) bool { return contains(r.FactorRoles, a.UserType) })
}
