package auth

import (
	"crypto/rand"
	"encoding/base64"
	"log/slog"
	"time"
)

// Service decides who may sign in. It holds no state of its own: any number may share one store.
type Service struct {
	store          Store
	passwords      Passwords
	keys           Keys
	codes          Codes
	rules          Rules
	authenticators Passkeys
	listed         func(password string) bool
	choice         PasswordRules
	notifier
	auditor auditor
	start   start
	now     func() time.Time
	newID   func() string
}

// Rules are the deployment's settings that the domain obeys.
type Rules struct {
	QualifyingRoles   []string      // userTypes that a contract with Terms.QualifyingAccount asks for
	ImpersonatorRoles []string      // roles that may impersonate; empty: none
	Limits            Limits        // of failed sign-ins
	Decoys            []Decoy       // hashes to verify for unknown identifiers; empty: one with the parameters of new hashes
	RefreshGrace      time.Duration // how long a used refresh token still gets the same successor
	RefreshRetry      time.Duration // the same while the successor is unused, for clients that lost the answer
	SessionIdle       time.Duration // a session ends when it is not refreshed for this long
	SessionMax        time.Duration // a session ends this long after sign-in, refreshed or not

	FactorRoles        []string      // roles and userTypes that must have a second factor
	FactorAppend       bool          // the code may stand at the end of the password
	FactorIntegrations bool          // sign-ins of integration clients need the user's factor as well
	FactorRemember     time.Duration // how long a device stands in for the factor; zero: not at all
	RelyingParty       RelyingParty
	Notices            Notices // about which events users get a mail
}

// Config is what Service and Sessions are made of; see each constructor for what it needs.
type Config struct {
	Store     Store
	Passwords Passwords
	Keys      Keys
	Codes     Codes
	Passkeys  Passkeys // nil where none are verified
	Tokens    Verifier
	Rules     Rules
	Listed    func(password string) bool // whether attackers try the password first; nil: not known
	Choice    PasswordRules              // for passwords that users choose
	Outbox    Outbox                     // nil: mail is off
	Audit     AuditSink
	Log       *slog.Logger
	Now       func() time.Time // nil: the real clock
	NewID     func() string    // nil: NewID
	// Serial makes Login call the store sequentially: for in-process stores, where goroutines cost more than the calls.
	Serial bool
}

func (c Config) notifier() notifier {
	return notifier{c.Outbox, c.Rules.Notices, auditor{c.Audit, c.Log}}
}

// withDefaults returns the config with a clock and a source of ids.
func (c Config) withDefaults() Config {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.NewID == nil {
		c.NewID = NewID
	}
	return c
}

// NewService returns a service over all of the config but Tokens; it starts nothing and reads nothing.
func NewService(c Config) *Service {
	c = c.withDefaults()
	s := &Service{
		store: c.Store, passwords: c.Passwords, keys: c.Keys, codes: c.Codes, authenticators: c.Passkeys, rules: c.Rules, listed: c.Listed,
		choice: c.Choice, notifier: c.notifier(), auditor: auditor{c.Audit, c.Log},
		start: concurrently, now: c.Now, newID: c.NewID,
	}
	if c.Serial {
		s.start = deferred
	}
	return s
}

// NewID returns 128 random bits in 22 URL-safe characters, for sessions, tokens and nonces (ASVS 7.2.3).
func NewID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return base64.RawURLEncoding.EncodeToString(b[:])
}
