package auth

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// impersonationLife is how long an impersonator's access token is good (contracts page, impersonation).
const impersonationLife = 15 * time.Minute

// Attempt is one try to sign in, by whichever contract.
type Attempt struct {
	Identifier  Identifier
	Password    string
	APIKey      string     // as sent, empty without one
	Impersonate Identifier // zero: the user signs in as themselves
	Source      Source
}

// Terms are what a contract asks and grants beyond a right password.
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
	Accounts []Account // all of the user's, exactly one selected where the terms ask for a qualifying one
	Session  Session

	AccessToken string
	AccessLife  time.Duration
	// RefreshToken is empty where the session cannot be refreshed.
	RefreshToken string
	RefreshLife  time.Duration
}

// Login checks the password and the gates and opens a session. Unknown users, wrong passwords and users who may
// not sign in cost the same reads and one verification, so that time tells nothing (ASVS 6.3.8). It returns one of this
// package's errors and has written one audit record when it returns.
func (s *Service) Login(ctx context.Context, a Attempt, t Terms) (Grant, error) {
	l := login{Service: s, attempt: a, terms: t}
	var grant Grant
	err := s.journal.after(ctx, func() (err error) {
		grant, err = l.run(ctx)
		return err
	}, l.record)
	return grant, err
}

// login is the state of one attempt while it runs.
type login struct {
	*Service
	attempt Attempt
	terms   Terms

	identifierHash string
	targetHash     string // of the one to be impersonated
	tries          AttemptKeys
	counted        Counters // as read
	try            Pair     // as this attempt counted it, once it has
	userID         string
	client         Client
	user           User   // the caller, once read
	target         User   // the impersonated, once read
	reason         Reason // for the audit, finer than the error
	session        Session
	keyID          string
}

func (l *login) run(ctx context.Context) (Grant, error) {
	if err := l.arrive(ctx); err != nil {
		return Grant{}, err
	}
	grant, err := l.enter(ctx)
	if err != nil && l.reason == "" {
		l.takeBack(ctx)
	}
	return grant, err
}

func (l *login) enter(ctx context.Context) (Grant, error) {
	if err := l.meet(ctx); err != nil {
		return Grant{}, err
	}
	grant, outdated, err := l.decide(ctx)
	if l.reason != "" { // a refusal, be it for the password or for a gate: nobody may tell which
		if failed := l.countFailure(ctx); failed != nil {
			err = failed
		}
	}
	if err != nil {
		return Grant{}, err
	}
	if err := l.write(ctx, outdated); err != nil {
		return Grant{}, err
	}
	return grant, nil
}

func (l *login) decide(ctx context.Context) (grant Grant, outdated bool, err error) {
	if outdated, err = l.verify(ctx); err != nil {
		return Grant{}, false, err
	}
	subject, err := l.subject(ctx)
	if err != nil {
		return Grant{}, false, err
	}
	grant, err = l.grant(ctx, subject)
	return grant, outdated, err
}

// arrive does the first read, and refuses whom the counters refuse: without a hash and without a write.
func (l *login) arrive(ctx context.Context) error {
	if err := l.name(ctx); err != nil {
		return err
	}
	if l.attempt.APIKey == "" && l.terms.RequireAPIKey {
		return l.refuse(ErrUnknownClient, reasonClientMissing)
	}
	q := LookupQuery{Identifier: l.attempt.Identifier, Attempts: l.tries}
	if l.attempt.APIKey != "" {
		q.KeyHash = HashAPIKey(l.attempt.APIKey)
	}
	found, err := l.store.LookUp(ctx, q)
	if err != nil {
		return fmt.Errorf("resolve the identifier: %w", err)
	}
	if q.KeyHash != "" && (found.Client.KeyHash != q.KeyHash || !found.Client.Works(l.now())) {
		return l.refuse(ErrUnknownClient, reasonClientUnknown)
	}
	l.userID, l.client, l.counted = found.UserID, found.Client, found.Counters
	return l.throttled(l.now())
}

// name makes the keyed hashes that stand for the identifier in logs and counters.
func (l *login) name(ctx context.Context) error {
	var err error
	if l.identifierHash, err = IdentifierHash(ctx, l.keys, l.attempt.Identifier); err != nil {
		return err
	}
	if !l.attempt.Impersonate.IsZero() {
		if l.targetHash, err = IdentifierHash(ctx, l.keys, l.attempt.Impersonate); err != nil {
			return err
		}
	}
	if l.rules.Limits != (Limits{}) {
		l.tries, err = NewAttemptKeys(ctx, l.keys, l.attempt.Identifier, l.attempt.Source)
	}
	return err
}

// meet reads the user and, beside it, counts the try. A user that is not there is read all the same, under an id
// that nobody has.
func (l *login) meet(ctx context.Context) error {
	if l.userID == "" {
		l.userID = "unknown " + l.identifierHash // no valid id has a space
	}
	counted := l.beside(func() error { return l.countAttempt(ctx, l.now().UTC().Truncate(time.Millisecond)) })
	user, err := l.store.UserByID(ctx, l.userID)
	if refused := counted(); refused != nil {
		return refused
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("read the user: %w", err)
	}
	if user.Identifier == l.attempt.Identifier { // not so where the address moved between the reads
		l.user = user
	}
	return nil
}

// verify computes the one hash: the user's, or a decoy where there is no user or they have none, which never matches.
func (l *login) verify(ctx context.Context) (outdated bool, err error) {
	stored, decoy := l.user.PasswordHash, decoyFor(l.rules.Decoys, l.identifierHash) // chosen for everybody
	if stored == "" {
		stored = decoy
	}
	match, outdated, err := l.passwords.Verify(ctx, stored, l.attempt.Password)
	switch {
	case err != nil:
		return false, fmt.Errorf("verify the password: %w: %w", ErrUnavailable, err)
	case l.user.ID == "":
		return false, l.refuse(ErrBadCredentials, ReasonUnknownUser)
	case !match || l.user.PasswordHash == "":
		return false, l.refuse(ErrBadCredentials, reasonWrongPassword)
	case l.user.Status != StatusReady:
		return false, l.refuse(ErrNotReady, reasonNotReady)
	case !l.qualifies(l.user):
		return false, l.refuse(ErrWrongRole, reasonWrongRole)
	}
	return outdated, nil
}

func (l *login) qualifies(u User) bool {
	return !l.terms.QualifyingAccount || selectAccount(u.Accounts, l.rules.QualifyingRoles) >= 0
}

// subject returns the user whom the token will be about: the caller, or the one they impersonate.
func (l *login) subject(ctx context.Context) (User, error) {
	if l.attempt.Impersonate.IsZero() {
		return l.user, nil
	}
	if !contains(l.rules.ImpersonatorRoles, l.user.Role) {
		return User{}, l.refuse(ErrImpersonation, reasonImpersonationRole)
	}
	found, err := l.store.LookUp(ctx, LookupQuery{Identifier: l.attempt.Impersonate})
	if err != nil {
		return User{}, fmt.Errorf("resolve the impersonated: %w", err)
	}
	if found.UserID == "" {
		return User{}, l.refuse(ErrImpersonation, reasonImpersonationTarget)
	}
	target, err := l.store.UserByID(ctx, found.UserID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return User{}, fmt.Errorf("read the impersonated: %w", err)
	}
	l.target = target
	if target.Identifier != l.attempt.Impersonate || target.Status != StatusReady ||
		contains(l.rules.ImpersonatorRoles, target.Role) || !l.qualifies(target) {
		return User{}, l.refuse(ErrImpersonation, reasonImpersonationTarget)
	}
	return target, nil
}

// refuse notes the reason for the audit and returns the error for the contract.
func (l *login) refuse(err error, reason Reason) error {
	l.reason = reason
	return err
}

// write stores the session and, beside it, clears the counters and stores the stronger hash; only the session's
// failure fails the login.
func (l *login) write(ctx context.Context, outdated bool) error {
	rehashed := l.beside(func() error { return l.rehash(ctx, outdated) })
	cleared := l.beside(func() error { return l.clearAttempts(ctx) })
	err := l.store.PutSession(ctx, l.session)
	l.warn(ctx, "the stronger hash was not stored; the next sign-in tries again", rehashed())
	l.warn(ctx, "the user's failures were not cleared; the next sign-in tries again", cleared())
	if err != nil {
		return fmt.Errorf("store the session: %w", err)
	}
	return nil
}

func (l *login) warn(ctx context.Context, what string, err error) {
	if err != nil {
		l.journal.log.WarnContext(ctx, what, "user", l.user.ID, "error", err)
	}
}

// rehash compares and swaps, so that it never brings back a password that was changed meanwhile.
func (l *login) rehash(ctx context.Context, outdated bool) error {
	if !outdated {
		return nil
	}
	hash, err := l.passwords.Hash(ctx, l.attempt.Password)
	if err == nil {
		err = l.store.ReplaceHash(ctx, l.user.ID, l.user.PasswordHash, hash)
	}
	if err != nil && !errors.Is(err, ErrConflict) {
		return fmt.Errorf("store the stronger hash: %w", err)
	}
	return nil
}
