package auth

import (
	"crypto/rand"
	"encoding/base64"
	"log/slog"
	"time"
)

// Service decides who may sign in. It holds no state of its own: any number may run over one store.
type Service struct {
	store     LoginStore
	counters  AttemptStore
	passwords Passwords
	keys      Keys
	rules     Rules
	journal   journal
	beside    func(f func() error) (wait func() error)
	now       func() time.Time
	newID     func() string
}

// Rules are the deployment's settings that the domain obeys.
type Rules struct {
	QualifyingRoles   []string      // userTypes that a contract with Terms.QualifyingAccount asks for
	ImpersonatorRoles []string      // roles that may impersonate; empty: nobody
	Limits            Limits        // of failed sign-ins
	Decoys            []Decoy       // none: names that nobody has cost a new hash
	RefreshGrace      time.Duration // how long a traded refresh token still gets the same successor
	SessionIdle       time.Duration // a session ends when not refreshed for so long
	SessionMax        time.Duration // a session ends so long after sign-in, refreshed or not
}

// Config are what a Service is made of; Now and NewID may be nil and are then the real clock and NewID.
type Config struct {
	Store     LoginStore
	Attempts  AttemptStore // may be nil where Rules.Limits is zero
	Passwords Passwords
	Keys      Keys
	Rules     Rules
	Log       *slog.Logger
	Now       func() time.Time
	NewID     func() string
	// Serial makes no call beside another. It is for a store in this process, where waiting for one another and for
	// goroutines costs more than the calls.
	Serial bool
}

// NewService returns a service over the parts; it starts nothing and reads nothing.
func NewService(p Config) *Service {
	s := &Service{
		store: p.Store, counters: p.Attempts, passwords: p.Passwords, keys: p.Keys, rules: p.Rules,
		journal: journal{p.Log}, beside: beside, now: p.Now, newID: p.NewID,
	}
	if p.Serial {
		s.beside = inTurn
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.newID == nil {
		s.newID = NewID
	}
	return s
}

// NewID returns 128 random bits in 22 URL-safe characters, for sessions, tokens and nonces (ASVS 7.2.3).
func NewID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return base64.RawURLEncoding.EncodeToString(b[:])
}
