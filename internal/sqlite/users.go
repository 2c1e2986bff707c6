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
	userColumns = `id, identifier, email, password_hash, status, role, password_epoch, version,
		created_at, updated_at, accounts, profile, factors, activate, locale`
	selectUser = "SELECT " + userColumns + " FROM users"
	// For an unknown id it returns a dummy user without an id, as large as most users, so that signing in as an unknown user
	// does not take less time.
	selectUserOrDummy = selectUser + ` WHERE id = ?1 UNION ALL
		SELECT '', 'nobody@example.com', 'nobody@example.com', '', '', '', 1, 1, 0, 0,
		'[{"id":"","organizationId":"","organizationName":"","userType":"","isSelected":true}]',
		'{"name":"","lastName":"","fullName":"","companyName":"","country":"","city":"","projects":["",""],"preferences":{}}', '', 0, ''
		WHERE NOT EXISTS (SELECT 1 FROM users WHERE id = ?1)`
	insertUser = `INSERT INTO users (identifier, email, password_hash, status, role, password_epoch,
		created_at, updated_at, accounts, profile, activate, locale, id, factors, version)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)`
	updateUser = `UPDATE users SET identifier = ?, email = ?, password_hash = ?, status = ?, role = ?, password_epoch = ?,
		created_at = ?, updated_at = ?, accounts = ?, profile = ?, activate = ?, locale = ?, version = version + 1 WHERE id = ? AND version = ?`
	updateHash = "UPDATE users SET password_hash = ?, version = version + 1 WHERE id = ? AND password_hash = ?"
)

// selectLookup always returns one row. No row of tries has both names empty; missing counters have the zero time, in
// milliseconds.
const selectLookup = `SELECT ifnull((SELECT id FROM users WHERE identifier = ?1), ''), ` + selectCounters

// selectLookupByHandle names the index's expression, so that it is used.
const selectLookupByHandle = `SELECT ifnull((SELECT id FROM users
		WHERE factors <> '' AND json_extract(factors, '$.handle') = ?1), ''), ` + selectCounters

const selectCounters = `
		ifnull(u.failures, 0), ifnull(u.at, zero), ifnull(u.expires_at, zero),
		ifnull(s.failures, 0), ifnull(s.at, zero), ifnull(s.expires_at, zero),
		ifnull(p.failures, 0), ifnull(p.at, zero), ifnull(p.known_until, zero)
	FROM (SELECT -62135596800000 AS zero)
		LEFT JOIN tries AS u ON u.user = ?2 AND u.source = ''
		LEFT JOIN tries AS s ON s.user = '' AND s.source = ?4
		LEFT JOIN tries AS p ON p.user = ?2 AND p.source = ?3`

// LookUp reads the user's id and the counters in one statement, because every statement costs locks and system calls. It
// reads the client in a second one, if a key was sent, and the device in another.
func (s *Store) LookUp(ctx context.Context, q auth.LookupQuery) (found auth.LookupResult, err error) {
	k, stmt, name := q.Attempts, s.lookUp, q.Identifier.String()
	if q.Handle != "" {
		stmt, name = s.lookUpByHandle, q.Handle
	}
	if found, err = readOne(ctx, stmt, scanLookup, name, k.User, k.Source, k.OfSource().Source); err != nil {
		return auth.LookupResult{}, failed("resolve the identifier", err)
	}
	if k.Source == "" { // the row read for the pair is the user's window
		found.Counters.Pair = auth.Pair{}
	}
	if q.KeyHash != "" {
		if found.Client, err = readOne(ctx, s.clientByKey, scanClient, q.KeyHash); err != nil && !errors.Is(err, sql.ErrNoRows) {
			return auth.LookupResult{}, failed("resolve the API key", err)
		}
	}
	if !q.Device.IsZero() {
		if found.Device, err = readOne(ctx, s.devices.one, scanDevice, q.Device.UserID, q.Device.ID); err != nil && !errors.Is(err, sql.ErrNoRows) {
			return auth.LookupResult{}, failed("look up the device", err)
		}
	}
	return found, nil
}

// UserByID returns the user, or auth.ErrNotFound after the same work.
func (s *Store) UserByID(ctx context.Context, userID string) (auth.User, error) {
	u, err := readOne(ctx, s.userByID, scanUser, userID)
	if err == nil && u.ID == "" {
		u, err = auth.User{}, sql.ErrNoRows
	}
	return u, failed("read the user", err)
}

// UserByIdentifier returns the user or auth.ErrNotFound.
func (s *Store) UserByIdentifier(ctx context.Context, id auth.Identifier) (auth.User, error) {
	u, err := readOne(ctx, s.userByIdentifier, scanUser, id.String())
	return u, failed("read the user by identifier", err)
}

// CreateUser adds the user with Version 1, or returns auth.ErrConflict if the id or the identifier is taken.
func (s *Store) CreateUser(ctx context.Context, u auth.User) error {
	const action = "create the user"
	values, err := newUserValues(u)
	if err != nil {
		return fmt.Errorf("%s: %w", action, err) // not the store's fault
	}
	_, err = s.write(ctx, s.createUser, values...)
	return failed(action, err)
}

// newUserValues returns the columns of a user to be created. Factors are among them: of a stored user only SetFactors changes them.
func newUserValues(u auth.User) ([]any, error) {
	if err := auth.CheckNew(u); err != nil {
		return nil, err
	}
	values, err := userValues(u)
	if err != nil || u.Factors.IsZero() {
		return append(values, u.ID, ""), err
	}
	factors, err := json.Marshal(u.Factors)
	if err != nil {
		return nil, fmt.Errorf("encode the factors: %w", err)
	}
	return append(values, u.ID, string(factors)), nil
}

// changedUserValues returns the columns of a user to be replaced, and the version that must still be stored.
func changedUserValues(u auth.User) ([]any, error) {
	values, err := userValues(u)
	return append(values, u.ID, u.Version), err
}

// UpdateUser replaces the user whose Version is u.Version in one statement. If that changes no row, a read decides which
// error to return: each of the two was true at some time during the call.
func (s *Store) UpdateUser(ctx context.Context, u auth.User) error {
	const action = "update the user"
	values, err := changedUserValues(u)
	if err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	changed, err := s.write(ctx, s.updateUser, values...)
	if err != nil || changed == 1 {
		return failed(action, err)
	}
	return s.whyNotUpdated(ctx, action, u)
}

func (s *Store) whyNotUpdated(ctx context.Context, action string, u auth.User) error {
	if _, err := s.UserByID(ctx, u.ID); err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	return fmt.Errorf("%s: its version is not %d: %w", action, u.Version, auth.ErrConflict)
}

// ReplaceHash sets the password hash if it still equals old, else returns auth.ErrConflict.
func (s *Store) ReplaceHash(ctx context.Context, userID, old, new string) error {
	const action = "replace the password hash"
	changed, err := s.write(ctx, s.replaceHash, new, userID, old)
	if err == nil && changed == 0 {
		return fmt.Errorf("%s: %w", action, auth.ErrConflict)
	}
	return failed(action, err)
}

// userValues returns the user's columns except id and version, in the order that insertUser and updateUser share.
func userValues(u auth.User) ([]any, error) {
	accounts, err := json.Marshal(u.Accounts)
	if err != nil {
		return nil, fmt.Errorf("encode the accounts: %w", err)
	}
	profile, err := json.Marshal(u.Profile)
	if err != nil {
		return nil, fmt.Errorf("encode the profile: %w", err)
	}
	return []any{
		u.Identifier.String(), u.Email, u.PasswordHash, string(u.Status), u.Role, u.PasswordEpoch,
		u.CreatedAt.UnixMilli(), u.UpdatedAt.UnixMilli(), string(accounts), string(profile),
		u.Activate, u.Locale,
	}, nil
}

func scanUser(r row) (u auth.User, err error) {
	var identifier, accounts, profile, factors string
	var created, updated int64
	if err := r.Scan(&u.ID, &identifier, &u.Email, &u.PasswordHash, &u.Status, &u.Role, &u.PasswordEpoch, &u.Version,
		&created, &updated, &accounts, &profile, &factors, &u.Activate, &u.Locale); err != nil {
		return auth.User{}, err
	}
	if u.Identifier, err = auth.ParseIdentifier(identifier); err != nil {
		return auth.User{}, fmt.Errorf("decode the identifier: %w", err)
	}
	if err := json.Unmarshal([]byte(accounts), &u.Accounts); err != nil {
		return auth.User{}, fmt.Errorf("decode the accounts: %w", err)
	}
	if err := json.Unmarshal([]byte(profile), &u.Profile); err != nil {
		return auth.User{}, fmt.Errorf("decode the profile: %w", err)
	}
	if factors != "" {
		if err := json.Unmarshal([]byte(factors), &u.Factors); err != nil {
			return auth.User{}, fmt.Errorf("decode the factors: %w", err)
		}
	}
	u.CreatedAt, u.UpdatedAt = timeOf(created), timeOf(updated)
	return u, nil
}

func scanLookup(r row) (a auth.LookupResult, err error) {
	var user, source, pair attemptRow
	var userAt, userEnd, sourceAt, sourceEnd, pairAt, known int64
	err = r.Scan(&a.UserID, &user.failures, &userAt, &userEnd, &source.failures, &sourceAt, &sourceEnd,
		&pair.failures, &pairAt, &known)
	user.at, user.expiresAt = timeOf(userAt), timeOf(userEnd)
	source.at, source.expiresAt = timeOf(sourceAt), timeOf(sourceEnd)
	pair.at, pair.knownUntil = timeOf(pairAt), timeOf(known)
	a.Counters = auth.Counters{User: user.window(), Source: source.window(), Pair: pair.pair()}
	return a, err
}

// timeOf is the inverse of time.Time.UnixMilli, also for the zero time.
func timeOf(milliseconds int64) time.Time { return time.UnixMilli(milliseconds).UTC() }
