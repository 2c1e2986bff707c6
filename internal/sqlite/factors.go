package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"latchkey/internal/auth"
)

const (
	setFactors = "UPDATE users SET factors = ?, version = version + 1 WHERE id = ? AND version = ?"

	// ?3 is the step, ?4 the time, ?5 the zero time. A block ends the statement before anything is written.
	useStep = `INSERT INTO factor_uses (user_id, factor_id, used_at, step, sign_count)
		SELECT ?1, ?2, ?4, ?3, 0 WHERE NOT EXISTS (SELECT 1 FROM wrong_codes WHERE user_id = ?1 AND blocked_until > ?4)
		ON CONFLICT DO UPDATE SET step = excluded.step, used_at = excluded.used_at WHERE step < excluded.step`
	usePasskey = `INSERT INTO factor_uses (user_id, factor_id, used_at, step, sign_count) VALUES (?, ?, ?, 0, ?)
		ON CONFLICT DO UPDATE SET used_at = excluded.used_at, sign_count = excluded.sign_count`
	useRecovery = "DELETE FROM recovery_codes WHERE user_id = ? AND mac = ?"

	// ?2 and ?3 are the count to store, ?4 the count that was seen; a user without a row has none.
	countWrongCode = `INSERT INTO wrong_codes (user_id, wrong, blocked_until) SELECT ?1, ?2, ?3
		WHERE ?4 = 0 OR EXISTS (SELECT 1 FROM wrong_codes WHERE user_id = ?1)
		ON CONFLICT DO UPDATE SET wrong = excluded.wrong, blocked_until = excluded.blocked_until WHERE wrong = ?4`
	clearWrongCodes = "DELETE FROM wrong_codes WHERE user_id = ?"

	selectCount    = "SELECT wrong, blocked_until FROM wrong_codes WHERE user_id = ?"
	selectRecovery = "SELECT mac FROM recovery_codes WHERE user_id = ?"
	selectSigns    = "SELECT sign_count FROM factor_uses WHERE user_id = ? AND factor_id = ?"
	selectUses     = "SELECT factor_id, used_at, step, sign_count FROM factor_uses WHERE user_id = ?"

	spendNonce = "INSERT INTO nonces (nonce, expires_at) VALUES (?, ?)"
	// Nonces that are over are deleted with every new one, a few at a time, so that the table stays small.
	forgetNonces = "DELETE FROM nonces WHERE nonce IN (SELECT nonce FROM nonces WHERE expires_at < ? LIMIT 4)"
)

// factorStatements are the compiled statements of this file. Recovery codes are durable: one that was used must stay used. A step
// that a power cut brings back is accepted for at most a minute.
type factorStatements struct {
	set, useRecovery, clear                    *sql.Stmt
	useStep, usePasskey, countWrong            *sql.Stmt
	count, recovery, uses, spend, forgetNonces *sql.Stmt
	signCount                                  *sql.Stmt
}

func (f *factorStatements) texts(s *Store) []statement {
	return []statement{
		{&f.set, s.durable, setFactors},
		{&f.useRecovery, s.durable, useRecovery},
		{&f.clear, s.quick, clearWrongCodes},
		{&f.useStep, s.quick, useStep},
		{&f.usePasskey, s.quick, usePasskey},
		{&f.countWrong, s.quick, countWrongCode},
		{&f.count, s.readers, selectCount},
		{&f.recovery, s.readers, selectRecovery},
		{&f.uses, s.readers, selectUses},
		{&f.signCount, s.readers, selectSigns},
		{&f.spend, s.quick, spendNonce},
		{&f.forgetNonces, s.quick, forgetNonces},
	}
}

// SetFactors writes all tables in one transaction; it is on disk once confirmed.
func (s *Store) SetFactors(ctx context.Context, userID string, version int64, f auth.Factors, recovery []string) error {
	const action = "set the factors"
	text, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	var changed int64
	err = s.transaction(ctx, func(tx *sql.Tx) (err error) {
		if changed, err = execute(tx.Stmt(s.factors.set), string(text), userID, version); err != nil || changed == 0 {
			return err
		}
		if err := forgetUses(ctx, tx, userID, f); err != nil {
			return err
		}
		return replaceRecovery(ctx, tx, userID, recovery)
	})
	if err != nil || changed == 1 {
		return failed(action, err)
	}
	return s.whyNotUpdated(ctx, action, auth.User{ID: userID, Version: version})
}

func forgetUses(ctx context.Context, tx *sql.Tx, userID string, f auth.Factors) error {
	ids := make([]string, 0, len(f.TOTP)+len(f.Passkeys))
	for _, t := range f.TOTP {
		ids = append(ids, t.ID)
	}
	for _, p := range f.Passkeys {
		ids = append(ids, p.ID)
	}
	kept, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "DELETE FROM factor_uses WHERE user_id = ? AND factor_id NOT IN (SELECT value FROM json_each(?))",
		userID, string(kept))
	return err
}

// replaceRecovery stores the codes; nil keeps the stored ones.
func replaceRecovery(ctx context.Context, tx *sql.Tx, userID string, recovery []string) error {
	if recovery == nil {
		return nil
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM recovery_codes WHERE user_id = ?", userID); err != nil {
		return err
	}
	for _, mac := range recovery {
		if _, err := tx.ExecContext(ctx, "INSERT INTO recovery_codes (user_id, mac) VALUES (?, ?)", userID, mac); err != nil {
			return err
		}
	}
	return nil
}

// FactorState reads three small tables; what changes between the reads is found out by the write that uses it.
func (s *Store) FactorState(ctx context.Context, userID string) (auth.FactorState, error) {
	const action = "read the factors' state"
	count, err := s.codeCount(ctx, userID)
	if err != nil {
		return auth.FactorState{}, failed(action, err)
	}
	state := auth.FactorState{Codes: count, Uses: map[string]auth.FactorUse{}}
	scanMAC := func(r row) (mac string, err error) { return mac, r.Scan(&mac) }
	if state.Recovery, err = readAll(ctx, s.factors.recovery, scanMAC, userID); err != nil {
		return auth.FactorState{}, failed(action, err)
	}
	_, err = readAll(ctx, s.factors.uses, func(r row) (struct{}, error) {
		var id string
		var at int64
		var use auth.FactorUse
		err := r.Scan(&id, &at, &use.Step, &use.SignCount)
		use.At = timeOf(at)
		state.Uses[id] = use
		return struct{}{}, err
	}, userID)
	return state, failed(action, err)
}

func (s *Store) codeCount(ctx context.Context, userID string) (auth.CodeCount, error) {
	count, err := readOne(ctx, s.factors.count, func(r row) (c auth.CodeCount, err error) {
		var until int64
		err = r.Scan(&c.Wrong, &until)
		c.BlockedUntil = timeOf(until)
		return c, err
	}, userID)
	if errors.Is(err, sql.ErrNoRows) {
		return auth.CodeCount{}, nil
	}
	return count, err
}

// ClearWrongCodes deletes the row of the count.
func (s *Store) ClearWrongCodes(ctx context.Context, userID string) error {
	_, err := s.write(ctx, s.factors.clear, userID)
	return failed("clear the wrong codes", err)
}

// SpendNonce is one insert; a key that is taken is ErrConflict.
func (s *Store) SpendNonce(ctx context.Context, nonce string, until time.Time) error {
	const action = "use the nonce up"
	if err := s.lock(ctx); err != nil {
		return failed(action, err)
	}
	defer s.unlock()
	_, err := s.writeLocked(ctx, s.factors.spend, nonce, until.UnixMilli())
	if err == nil { // nothing waits for this, and the next nonce tries again
		_, _ = execute(s.factors.forgetNonces, until.Add(-24*time.Hour).UnixMilli())
	}
	return failed(action, err)
}

// UseStep holds the write lock over its two statements; the first alone decides.
func (s *Store) UseStep(ctx context.Context, userID, factorID string, step int64, at time.Time) (auth.CodeCount, error) {
	const action = "use the code"
	changed, err := s.useAndClear(ctx, s.factors.useStep, userID, userID, factorID, step, at.UnixMilli())
	if err != nil || changed == 1 {
		return auth.CodeCount{}, failed(action, err)
	}
	return s.conflictingCount(ctx, action, userID)
}

// UseRecovery deletes the code, which happens once.
func (s *Store) UseRecovery(ctx context.Context, userID, mac string) error {
	const action = "use the recovery code"
	changed, err := s.useAndClear(ctx, s.factors.useRecovery, userID, userID, mac)
	if err == nil && changed == 0 {
		return fmt.Errorf("%s: %w", action, auth.ErrConflict)
	}
	return failed(action, err)
}

// UsePasskey stores the counter, whatever was stored.
func (s *Store) UsePasskey(ctx context.Context, userID, factorID string, signCount uint32, at time.Time) (before uint32, err error) {
	const action = "use the passkey"
	if err := s.lock(ctx); err != nil {
		return 0, failed(action, err)
	}
	defer s.unlock()
	before, err = readOne(ctx, s.factors.signCount, func(r row) (n uint32, err error) { return n, r.Scan(&n) }, userID, factorID)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, failed(action, err)
	}
	_, err = s.useAndClearLocked(ctx, s.factors.usePasskey, userID, userID, factorID, at.UnixMilli(), signCount)
	return before, failed(action, err)
}

// useAndClear runs the statement and, if it changed a row, clears the wrong codes.
func (s *Store) useAndClear(ctx context.Context, stmt *sql.Stmt, userID string, args ...any) (changed int64, err error) {
	if err := s.lock(ctx); err != nil {
		return 0, err
	}
	defer s.unlock()
	return s.useAndClearLocked(ctx, stmt, userID, args...)
}

func (s *Store) useAndClearLocked(ctx context.Context, stmt *sql.Stmt, userID string, args ...any) (changed int64, err error) {
	changed, err = s.writeLocked(ctx, stmt, args...)
	if err != nil || changed == 0 {
		return 0, err
	}
	_, err = s.writeLocked(ctx, s.factors.clear, userID)
	return changed, err
}

// CountWrongCode is one statement, so nothing comes between comparing and counting.
func (s *Store) CountWrongCode(ctx context.Context, userID string, seen, next auth.CodeCount) (auth.CodeCount, error) {
	const action = "count the wrong code"
	changed, err := s.write(ctx, s.factors.countWrong, userID, next.Wrong, next.BlockedUntil.UnixMilli(), seen.Wrong)
	if err != nil || changed == 1 {
		return auth.CodeCount{}, failed(action, err)
	}
	return s.conflictingCount(ctx, action, userID)
}

func (s *Store) conflictingCount(ctx context.Context, action, userID string) (auth.CodeCount, error) {
	count, err := s.codeCount(ctx, userID)
	if err != nil {
		return auth.CodeCount{}, failed(action, err)
	}
	return count, fmt.Errorf("%s: %w", action, auth.ErrConflict)
}
