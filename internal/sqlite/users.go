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
		created_at, updated_at, accounts, profile`
	selectUser = "SELECT " + userColumns + " FROM users"
	// Where nobody has the id, nobody is read instead, who has no id and is as large as most: what a sign-in of somebody
	// who is not there costs must not be less.
	selectUserOrNobody = selectUser + ` WHERE id = ?1 UNION ALL
		SELECT '', 'nobody@example.com', 'nobody@example.com', '', '', '', 1, 1, 0, 0,
		'[{"id":"","organizationId":"","organizationName":"","userType":"","isSelected":true}]',
		'{"name":"","lastName":"","fullName":"","companyName":"","country":"","city":"","projects":["",""],"preferences":{}}'
		WHERE NOT EXISTS (SELECT 1 FROM users WHERE id = ?1)`
	insertUser = `INSERT INTO users (identifier, email, password_hash, status, role, password_epoch,
		created_at, updated_at, accounts, profile, id, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)`
	updateUser = `UPDATE users SET identifier = ?, email = ?, password_hash = ?, status = ?, role = ?, password_epoch = ?,
		created_at = ?, updated_at = ?, accounts = ?, profile = ?, version = version + 1 WHERE id = ? AND version = ?`
	updateHash = "UPDATE users SET password_hash = ?, version = version + 1 WHERE id = ? AND password_hash = ?"
)

// selectArrival returns one row, whatever is there. No row of tries has both names empty, and what is not there began
// at the zero time, in milliseconds.
const selectArrival = `SELECT ifnull((SELECT id FROM users WHERE identifier = ?1), ''),
		ifnull(u.failures, 0), ifnull(u.at, zero), ifnull(u.expires_at, zero),
		ifnull(s.failures, 0), ifnull(s.at, zero), ifnull(s.expires_at, zero),
		ifnull(p.failures, 0), ifnull(p.at, zero), ifnull(p.known_until, zero)
	FROM (SELECT -62135596800000 AS zero)
		LEFT JOIN tries AS u ON u.user = ?2 AND u.source = ''
		LEFT JOIN tries AS s ON s.user = '' AND s.source = ?4
		LEFT JOIN tries AS p ON p.user = ?2 AND p.source = ?3`

// LookUp reads the user's id and the counters in one statement, as each costs locks and system calls of its own, and
// only where a key was sent the client in another.
func (s *Store) LookUp(ctx context.Context, q auth.LookupQuery) (found auth.LookupResult, err error) {
	k := q.Attempts
	if found, err = readOne(ctx, s.arrive, scanArrival, q.Identifier.String(), k.User, k.Source, k.OfSource().Source); err != nil {
		return auth.LookupResult{}, failed("resolve the identifier", err)
	}
	if k.Source == "" { // what was read for the pair is the user's window again
		found.Counters.Pair = auth.Pair{}
	}
	if q.KeyHash != "" {
		if found.Client, err = readOne(ctx, s.clientByKey, scanClient, q.KeyHash); err != nil && !errors.Is(err, sql.ErrNoRows) {
			return auth.LookupResult{}, failed("resolve the API key", err)
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

// CreateUser adds the user with Version 1, or returns auth.ErrConflict where the id or the identifier is taken.
func (s *Store) CreateUser(ctx context.Context, u auth.User) error {
	const attempt = "create the user"
	values, err := userValues(u)
	if err != nil {
		return fmt.Errorf("%s: %w", attempt, err) // no fault of the store's
	}
	_, err = s.write(ctx, s.createUser, append(values, u.ID)...)
	return failed(attempt, err)
}

// UpdateUser replaces the user whose Version is u.Version. The statement alone decides; which error a change of no
// row is may be found out after it, for either was true at some time during the call.
func (s *Store) UpdateUser(ctx context.Context, u auth.User) error {
	const attempt = "update the user"
	values, err := userValues(u)
	if err != nil {
		return fmt.Errorf("%s: %w", attempt, err)
	}
	changed, err := s.write(ctx, s.updateUser, append(values, u.ID, u.Version)...)
	if err != nil || changed == 1 {
		return failed(attempt, err)
	}
	return s.whyNotUpdated(ctx, attempt, u)
}

func (s *Store) whyNotUpdated(ctx context.Context, attempt string, u auth.User) error {
	if _, err := s.UserByID(ctx, u.ID); err != nil {
		return fmt.Errorf("%s: %w", attempt, err)
	}
	return fmt.Errorf("%s: its version is not %d: %w", attempt, u.Version, auth.ErrConflict)
}

// ReplaceHash sets the password hash where it still equals old, else returns auth.ErrConflict.
func (s *Store) ReplaceHash(ctx context.Context, userID, old, new string) error {
	const attempt = "replace the password hash"
	changed, err := s.write(ctx, s.replaceHash, new, userID, old)
	if err == nil && changed == 0 {
		return fmt.Errorf("%s: %w", attempt, auth.ErrConflict)
	}
	return failed(attempt, err)
}

// userValues returns the user's columns but for id and version, in the order that insertUser and updateUser share.
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
	}, nil
}

func scanUser(r row) (u auth.User, err error) {
	var identifier, accounts, profile string
	var created, updated int64
	if err := r.Scan(&u.ID, &identifier, &u.Email, &u.PasswordHash, &u.Status, &u.Role, &u.PasswordEpoch, &u.Version,
		&created, &updated, &accounts, &profile); err != nil {
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
	u.CreatedAt, u.UpdatedAt = moment(created), moment(updated)
	return u, nil
}

func scanArrival(r row) (a auth.LookupResult, err error) {
	var user, source, pair tryRow
	var userAt, userEnd, sourceAt, sourceEnd, pairAt, known int64
	err = r.Scan(&a.UserID, &user.failures, &userAt, &userEnd, &source.failures, &sourceAt, &sourceEnd,
		&pair.failures, &pairAt, &known)
	user.at, user.expiresAt = moment(userAt), moment(userEnd)
	source.at, source.expiresAt = moment(sourceAt), moment(sourceEnd)
	pair.at, pair.knownUntil = moment(pairAt), moment(known)
	a.Counters = auth.Counters{User: user.window(), Source: source.window(), Pair: pair.pair()}
	return a, err
}

// moment is the inverse of time.Time.UnixMilli, also for the zero time.
func moment(milliseconds int64) time.Time { return time.UnixMilli(milliseconds).UTC() }
