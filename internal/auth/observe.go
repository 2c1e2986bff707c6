package auth

import (
	"context"
	"time"
)

// Observer is called before each call of a port, by the name of its method. An error is the result in place of the call;
// else done is called when the call returns. It may be called concurrently.
type Observer func(ctx context.Context, call string) (done func(), err error)

// Store returns a store whose sign-in, counting and session calls are observed.
func (o Observer) Store(s Store) Store { return observedStore{s, o} }

// Passwords returns the hasher with all its calls observed.
func (o Observer) Passwords(p Passwords) Passwords { return observedPasswords{p, o} }

// Keys returns the key ring with all its calls observed.
func (o Observer) Keys(k Keys) Keys { return observedKeys{k, o} }

// Tokens returns the verifier with its calls observed as VerifyToken.
func (o Observer) Tokens(v Verifier) Verifier { return observedTokens{v, o} }

// observed makes a call that returns a value.
func observed[T any](ctx context.Context, o Observer, name string, call func() (T, error)) (T, error) {
	done, err := o(ctx, name)
	if err != nil {
		var zero T
		return zero, err
	}
	defer done()
	return call()
}

// do makes a call that returns only an error.
func (o Observer) do(ctx context.Context, name string, call func() error) error {
	done, err := o(ctx, name)
	if err != nil {
		return err
	}
	defer done()
	return call()
}

type observedStore struct {
	Store
	o Observer
}

func (s observedStore) LookUp(ctx context.Context, q LookupQuery) (LookupResult, error) {
	return observed(ctx, s.o, "LookUp", func() (LookupResult, error) { return s.Store.LookUp(ctx, q) })
}

func (s observedStore) UserByID(ctx context.Context, userID string) (User, error) {
	return observed(ctx, s.o, "UserByID", func() (User, error) { return s.Store.UserByID(ctx, userID) })
}

func (s observedStore) PutSession(ctx context.Context, v Session) error {
	return s.o.do(ctx, "PutSession", func() error { return s.Store.PutSession(ctx, v) })
}

func (s observedStore) LimitSessions(ctx context.Context, userID, client string, keep int) error {
	return s.o.do(ctx, "LimitSessions", func() error { return s.Store.LimitSessions(ctx, userID, client, keep) })
}

func (s observedStore) ReplaceHash(ctx context.Context, userID, old, new string) error {
	return s.o.do(ctx, "ReplaceHash", func() error { return s.Store.ReplaceHash(ctx, userID, old, new) })
}

func (s observedStore) CountAttempt(ctx context.Context, k AttemptKeys, seen, next Pair, free int64) error {
	return s.o.do(ctx, "CountAttempt", func() error { return s.Store.CountAttempt(ctx, k, seen, next, free) })
}

func (s observedStore) UndoAttempt(ctx context.Context, k AttemptKeys, counted, seen Pair) error {
	return s.o.do(ctx, "UndoAttempt", func() error { return s.Store.UndoAttempt(ctx, k, counted, seen) })
}

func (s observedStore) ClearAttempts(ctx context.Context, k AttemptKeys, knownUntil time.Time) error {
	return s.o.do(ctx, "ClearAttempts", func() error { return s.Store.ClearAttempts(ctx, k, knownUntil) })
}

// CountFailure has two names, by the window that it counts in.
func (s observedStore) CountFailure(ctx context.Context, k AttemptKeys, seen, next Window) error {
	name := "CountFailure of the user"
	if k.User == "" {
		name = "CountFailure of the source"
	}
	return s.o.do(ctx, name, func() error { return s.Store.CountFailure(ctx, k, seen, next) })
}

func (s observedStore) SessionAndUser(ctx context.Context, userID, sessionID string) (Session, User, error) {
	done, err := s.o(ctx, "SessionAndUser")
	if err != nil {
		return Session{}, User{}, err
	}
	defer done()
	return s.Store.SessionAndUser(ctx, userID, sessionID)
}

func (s observedStore) RotateSession(ctx context.Context, next Session, from int64) error {
	return s.o.do(ctx, "RotateSession", func() error { return s.Store.RotateSession(ctx, next, from) })
}

func (s observedStore) SessionsOf(ctx context.Context, userID, before string, limit int) ([]Session, error) {
	return observed(ctx, s.o, "SessionsOf", func() ([]Session, error) { return s.Store.SessionsOf(ctx, userID, before, limit) })
}

func (s observedStore) EndSession(ctx context.Context, userID, sessionID string) error {
	return s.o.do(ctx, "EndSession", func() error { return s.Store.EndSession(ctx, userID, sessionID) })
}

func (s observedStore) EndSessions(ctx context.Context, userID, last string) error {
	return s.o.do(ctx, "EndSessions", func() error { return s.Store.EndSessions(ctx, userID, last) })
}

func (s observedStore) SetFactors(ctx context.Context, userID string, version int64, f Factors, recovery []string) error {
	return s.o.do(ctx, "SetFactors", func() error { return s.Store.SetFactors(ctx, userID, version, f, recovery) })
}

func (s observedStore) FactorState(ctx context.Context, userID string) (FactorState, error) {
	return observed(ctx, s.o, "FactorState", func() (FactorState, error) { return s.Store.FactorState(ctx, userID) })
}

func (s observedStore) SpendNonce(ctx context.Context, nonce string, until time.Time) error {
	return s.o.do(ctx, "SpendNonce", func() error { return s.Store.SpendNonce(ctx, nonce, until) })
}

func (s observedStore) UseStep(ctx context.Context, userID, factorID string, step int64, at time.Time) (CodeCount, error) {
	return observed(ctx, s.o, "UseStep", func() (CodeCount, error) { return s.Store.UseStep(ctx, userID, factorID, step, at) })
}

func (s observedStore) UseRecovery(ctx context.Context, userID, mac string) error {
	return s.o.do(ctx, "UseRecovery", func() error { return s.Store.UseRecovery(ctx, userID, mac) })
}

func (s observedStore) UsePasskey(ctx context.Context, userID, factorID string, signCount uint32, at time.Time) (uint32, error) {
	return observed(ctx, s.o, "UsePasskey", func() (uint32, error) { return s.Store.UsePasskey(ctx, userID, factorID, signCount, at) })
}

func (s observedStore) CountWrongCode(ctx context.Context, userID string, seen, next CodeCount) (CodeCount, error) {
	return observed(ctx, s.o, "CountWrongCode", func() (CodeCount, error) { return s.Store.CountWrongCode(ctx, userID, seen, next) })
}

func (s observedStore) PutDevice(ctx context.Context, d Device) error {
	return s.o.do(ctx, "PutDevice", func() error { return s.Store.PutDevice(ctx, d) })
}

func (s observedStore) DevicesOf(ctx context.Context, userID string) ([]Device, error) {
	return observed(ctx, s.o, "DevicesOf", func() ([]Device, error) { return s.Store.DevicesOf(ctx, userID) })
}

func (s observedStore) EndDevices(ctx context.Context, userID string, ids ...string) error {
	return s.o.do(ctx, "EndDevices", func() error { return s.Store.EndDevices(ctx, userID, ids...) })
}

func (s observedStore) CountDevice(ctx context.Context, k DeviceKey, limit int64) error {
	return s.o.do(ctx, "CountDevice", func() error { return s.Store.CountDevice(ctx, k, limit) })
}

func (s observedStore) UncountDevice(ctx context.Context, k DeviceKey) error {
	return s.o.do(ctx, "UncountDevice", func() error { return s.Store.UncountDevice(ctx, k) })
}

func (s observedStore) UseDevice(ctx context.Context, k DeviceKey, at time.Time) error {
	return s.o.do(ctx, "UseDevice", func() error { return s.Store.UseDevice(ctx, k, at) })
}

type observedPasswords struct {
	Passwords
	o Observer
}

func (p observedPasswords) Verify(ctx context.Context, stored, password string) (match, outdated bool, err error) {
	done, err := p.o(ctx, "Verify")
	if err != nil {
		return false, false, err
	}
	defer done()
	return p.Passwords.Verify(ctx, stored, password)
}

func (p observedPasswords) Hash(ctx context.Context, password string) (string, error) {
	return observed(ctx, p.o, "Hash", func() (string, error) { return p.Passwords.Hash(ctx, password) })
}

type observedKeys struct {
	Keys
	o Observer
}

func (k observedKeys) Sign(ctx context.Context, c Claims) (token, keyID string, err error) {
	done, err := k.o(ctx, "Sign")
	if err != nil {
		return "", "", err
	}
	defer done()
	return k.Keys.Sign(ctx, c)
}

func (k observedKeys) MAC(ctx context.Context, label string, parts ...string) ([]byte, error) {
	return observed(ctx, k.o, "MAC", func() ([]byte, error) { return k.Keys.MAC(ctx, label, parts...) })
}

type observedTokens struct {
	Verifier
	o Observer
}

func (v observedTokens) Verify(ctx context.Context, token string) (Claims, error) {
	return observed(ctx, v.o, "VerifyToken", func() (Claims, error) { return v.Verifier.Verify(ctx, token) })
}
