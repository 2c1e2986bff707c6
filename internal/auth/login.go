package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Attempt is one try to sign in, by any contract.
type Attempt struct {
	Identifier  Identifier
	Password    string
	APIKey      string     // as sent, empty without one
	Impersonate Identifier // zero: the user signs in as themselves
	Source      Source
	Code        SentCode
	Device      string // the token of a remembered device, empty without one
	Remember    bool   // the client wants to be remembered once a factor is proved
	StepUp      bool   // the factor is to be asked for, even in a remembered device
}

// SentCode is the member code of a sign-in. That it was sent matters even if it has no text: append mode is then off.
type SentCode struct {
	Text string // empty: none that counts
	Sent bool   // the member was sent, whatever its value
}

// Terms are what a contract asks for and grants beyond a right password.
type Terms struct {
	Contract          string        // its name, for sessions and the audit
	AccessLife        time.Duration // of access tokens
	IntegrationLife   time.Duration // of access tokens of integration clients; zero: AccessLife
	Refreshable       bool          // standard clients get a refresh token
	RequireAPIKey     bool          // sign-ins without an API key are refused
	QualifyingAccount bool          // an account with a qualifying role is needed, and is named in the token
}

// Grant is what a successful sign-in or refresh gives; a contract makes its answer of it.
type Grant struct {
	User     User      // the one the token is about: under impersonation the target
	Accounts []Account // all of the user's, exactly one selected if the terms ask for a qualifying one
	Session  Session

	AccessToken string
	AccessLife  time.Duration
	// RefreshToken is empty if the session cannot be refreshed.
	RefreshToken string
	RefreshLife  time.Duration
	// DeviceToken is empty unless the client is remembered by this sign-in.
	DeviceToken string
	DeviceLife  time.Duration
}

// Login checks the password and the gate and opens a session. It returns this package's errors, after it has written
// one audit record.
func (s *Service) Login(ctx context.Context, a Attempt, t Terms) (Grant, error) {
	// Unknown users, wrong passwords and users who may not sign in cost the same reads and one verification, so that
	// time reveals nothing (ASVS 6.3.8).
	l := login{Service: s, attempt: a, terms: t, record: AuditRecord{Event: EventLogin, Source: a.Source, Contract: t.Contract}}
	if !a.Impersonate.IsZero() {
		l.record.Event = EventImpersonation
	}
	var grant Grant
	err := s.auditor.audited(ctx, &l.record, func() (err error) {
		grant, err = l.run(ctx)
		return err
	})
	return grant, err
}

// login is one attempt while it runs.
type login struct {
	*Service
	attempt Attempt
	terms   Terms
	record  AuditRecord // filled in as the attempt goes on
	tally   tally
	client  Client
	device  Device // the remembered one that stands in for the source, zero without one
	skipped bool   // the device stood in for the factor too
	// stranger reports that the user had not signed in from the source; false unless users hear of it.
	stranger bool
	// replaces is the session in whose place a new one is opened; nil at a sign-in.
	replaces *Session
}

// run is the order of a sign-in. Before loadUserAndCount nothing is written; from then on the attempt is counted, and each way
// out says what becomes of the count: a refusal keeps it and adds to the totals, our own fault takes it back, a success
// clears it.
func (l *login) run(ctx context.Context) (Grant, error) {
	if err := l.hashIdentifiers(ctx); err != nil {
		return Grant{}, err
	}
	userID, err := l.lookUp(ctx)
	if err != nil {
		return Grant{}, err
	}
	if err := l.checkLimits(); err != nil {
		return Grant{}, err
	}
	caller, err := l.loadUserAndCount(ctx, userID)
	if err != nil {
		return Grant{}, err
	}
	code := l.typedCode()
	outdated, err := l.checkPassword(ctx, caller)
	if err != nil {
		l.checkDecoyCode(ctx, code)
		return Grant{}, l.failed(ctx, err)
	}
	grant, err := l.enter(ctx, caller, l.proveInOneCall, outdated)
	if err != nil {
		return Grant{}, l.failed(ctx, err)
	}
	return grant, nil
}

// enter leads a caller who proved who they are through the gate and opens the session.
func (l *login) enter(ctx context.Context, caller User, prove prover, outdated bool) (Grant, error) {
	subject, amr, err := l.passGate(ctx, caller, prove)
	if err != nil {
		return Grant{}, err
	}
	grant, keyID, err := l.grant(ctx, caller, subject, amr)
	if err != nil {
		return Grant{}, err
	}
	if err := l.open(ctx, grant.Session, caller, outdated); err != nil {
		return Grant{}, err
	}
	l.warn(ctx, "the device was not remembered; a later sign-in tries again", caller, l.remember(ctx, caller, &grant))
	l.record.SessionID, l.record.KeyID, l.record.AMR = grant.Session.ID, keyID, strings.Join(amr, ",")
	return grant, nil
}

// hashIdentifiers computes the keyed hashes used in audit records and counters.
func (l *login) hashIdentifiers(ctx context.Context) (err error) {
	if l.record.IdentifierHash, err = IdentifierHash(ctx, l.keys, l.attempt.Identifier); err != nil {
		return err
	}
	if !l.attempt.Impersonate.IsZero() {
		if l.record.TargetHash, err = IdentifierHash(ctx, l.keys, l.attempt.Impersonate); err != nil {
			return err
		}
	}
	if l.rules.Limits != (Limits{}) {
		l.tally.keys, err = NewAttemptKeys(ctx, l.keys, l.attempt.Identifier, l.attempt.Source)
	}
	return err
}

// lookUp is the first read: the user's id, the client and the counters. It refuses clients that may not sign anyone in.
func (l *login) lookUp(ctx context.Context) (userID string, err error) {
	if l.attempt.APIKey == "" && l.terms.RequireAPIKey {
		return "", refuse(ErrUnknownClient, reasonClientMissing)
	}
	q := LookupQuery{Identifier: l.attempt.Identifier, Attempts: l.tally.keys}
	if l.attempt.APIKey != "" {
		q.KeyHash = HashAPIKey(l.attempt.APIKey)
	}
	if q.Device, err = l.sentDevice(ctx); err != nil {
		return "", err
	}
	found, err := l.store.LookUp(ctx, q)
	if err != nil {
		return "", fmt.Errorf("look up the identifier: %w", err)
	}
	if err := l.takeClient(q.KeyHash, found.Client); err != nil {
		return "", err
	}
	l.tally.seen = found.Counters
	l.acceptDevice(found.Device, found.UserID)
	l.noteSource(found.Counters.Pair)
	return found.UserID, nil
}

// takeClient takes the client that was looked up for the hash of an API key, empty without one, and refuses one that may not sign
// anyone in.
func (l *login) takeClient(keyHash string, c Client) error {
	if keyHash != "" && (c.KeyHash != keyHash || !c.Works(l.now())) {
		return refuse(ErrUnknownClient, reasonClientUnknown)
	}
	l.client, l.record.ClientID = c, c.ID()
	return nil
}

// loadUserAndCount reads the user and concurrently counts the attempt. Unknown users cost the same read, under an id that no
// user has. On an error nothing stays counted.
func (l *login) loadUserAndCount(ctx context.Context, userID string) (User, error) {
	counted := l.start(func() error { return l.countAttempt(ctx) })
	user, err := l.readUser(ctx, userID, l.record.IdentifierHash)
	if err := counted(); err != nil {
		return User{}, err
	}
	if err != nil {
		l.undoAttempt(ctx)
		return User{}, err
	}
	if user.Identifier != l.attempt.Identifier { // unknown, or the address moved between the reads
		return User{}, nil
	}
	if l.attempt.Impersonate.IsZero() {
		l.record.UserID = user.ID
	} else {
		l.record.ActorID = user.ID
	}
	return user, nil
}

// readUser reads the user of an id that was looked up. An empty one costs the same read, under an id that no user has, and gives a zero
// user, as the id of a user who is gone does; other keeps these reads on different partitions of the store.
func (s *Service) readUser(ctx context.Context, userID, other string) (User, error) {
	if userID == "" {
		userID = "unknown " + other // no valid id has a space
	}
	u, err := s.store.UserByID(ctx, userID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return User{}, fmt.Errorf("read the user: %w", err)
	}
	return u, nil
}

// checkPassword verifies one hash: the user's, or a decoy for unknown users and those without a hash, which never matches.
func (l *login) checkPassword(ctx context.Context, u User) (outdated bool, err error) {
	stored, decoy := u.PasswordHash, decoyFor(l.rules.Decoys, l.record.IdentifierHash) // chosen for every user: same work
	if stored == "" {
		stored = decoy
	}
	l.splitAppended(u)
	match, outdated, err := l.passwords.Verify(ctx, stored, l.attempt.Password)
	switch {
	case err != nil:
		return false, fmt.Errorf("verify the password: %w: %w", ErrUnavailable, err)
	case u.ID == "":
		return false, refuse(ErrBadCredentials, ReasonUnknownUser)
	case !match || u.PasswordHash == "":
		return false, refuse(ErrBadCredentials, reasonWrongPassword)
	}
	l.record.Listed = l.listed != nil && l.listed(l.attempt.Password)
	return outdated, nil
}

// passGate returns the user that the token will be about: the caller, or the one they impersonate.
func (l *login) passGate(ctx context.Context, caller User, prove prover) (subject User, amr []string, err error) {
	subject, amr, err = l.gate(ctx, caller, prove)
	if !l.attempt.Impersonate.IsZero() {
		l.record.UserID = subject.ID
	}
	return subject, amr, err
}

// open stores the session and concurrently clears the counters and stores the stronger hash; only the session's failure fails
// the sign-in.
func (l *login) open(ctx context.Context, s Session, caller User, outdated bool) error {
	rehashed := l.start(func() error { return l.rehash(ctx, caller, outdated) })
	cleared := l.start(func() error { return l.clearAttempts(ctx, s.CreatedAt) })
	recorded := l.start(func() error { return l.recordImpersonation(ctx, s, caller) })
	err := errors.Join(l.store.PutSession(ctx, s), recorded())
	l.warn(ctx, "the stronger hash was not stored; the next sign-in tries again", caller, rehashed())
	l.warn(ctx, "the user's failures were not cleared; the next sign-in tries again", caller, cleared())
	if err != nil {
		return fmt.Errorf("store the session: %w", err)
	}
	l.noticeSource(ctx, s)
	l.warn(ctx, "old sessions were not deleted; a later sign-in tries again", caller, l.limitSessions(ctx, s))
	return nil
}

func (l *login) warn(ctx context.Context, what string, u User, err error) {
	if err != nil {
		l.auditor.log.WarnContext(ctx, what, "user", u.ID, "error", err)
	}
}

// rehash compares and swaps, so that it never restores a password that was changed meanwhile.
func (l *login) rehash(ctx context.Context, u User, outdated bool) error {
	if !outdated {
		return nil
	}
	hash, err := l.passwords.Hash(ctx, l.attempt.Password)
	if err == nil {
		err = l.store.ReplaceHash(ctx, u.ID, u.PasswordHash, hash)
	}
	if err != nil && !errors.Is(err, ErrConflict) {
		return fmt.Errorf("store the stronger hash: %w", err)
	}
	return nil
}
