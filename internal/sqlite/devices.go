package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"latchkey/internal/auth"
)

const deviceColumns = "user_id, id, password_epoch, failures, source, created_at, last_used_at, expires_at"

// deviceStatements are the compiled statements of this file. Devices are forgotten durably; a counter or a new device may be lost
// to a power cut.
type deviceStatements struct {
	put, count, uncount, use *sql.Stmt
	one, all                 *sql.Stmt
	end, endAll, endExpired  *sql.Stmt
}

func (d *deviceStatements) texts(s *Store) []statement {
	return []statement{
		{&d.put, s.quick, "INSERT INTO devices (" + deviceColumns + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?)"},
		{&d.count, s.quick, "UPDATE devices SET failures = failures + 1 WHERE user_id = ? AND id = ? AND failures < ?"},
		{&d.uncount, s.quick, "UPDATE devices SET failures = failures - 1 WHERE user_id = ? AND id = ? AND failures > 0"},
		{&d.use, s.quick, "UPDATE devices SET failures = 0, last_used_at = ? WHERE user_id = ? AND id = ?"},
		{&d.one, s.readers, "SELECT " + deviceColumns + " FROM devices WHERE user_id = ? AND id = ?"},
		{&d.all, s.readers, "SELECT " + deviceColumns + " FROM devices WHERE user_id = ? ORDER BY id DESC"},
		{&d.end, s.durable, "DELETE FROM devices WHERE user_id = ? AND id IN (SELECT value FROM json_each(?))"},
		{&d.endAll, s.durable, "DELETE FROM devices WHERE user_id = ?"},
		{&d.endExpired, s.quick, "DELETE FROM devices WHERE expires_at < ?"},
	}
}

// PutDevice inserts the device, and deletes devices of all users that have expired.
func (s *Store) PutDevice(ctx context.Context, d auth.Device) error {
	const action = "remember the device"
	if err := s.lock(ctx); err != nil {
		return failed(action, err)
	}
	defer s.unlock()
	_, err := s.writeLocked(ctx, s.devices.put, d.UserID, d.ID, d.PasswordEpoch, d.Failures, d.Source,
		d.CreatedAt.UnixMilli(), d.LastUsedAt.UnixMilli(), d.ExpiresAt.UnixMilli())
	if err == nil { // nothing waits for this, and the next device tries again
		_, _ = execute(s.devices.endExpired, d.CreatedAt.UnixMilli())
	}
	return failed(action, err)
}

// DevicesOf returns the user's devices in descending order of their ids.
func (s *Store) DevicesOf(ctx context.Context, userID string) ([]auth.Device, error) {
	found, err := readAll(ctx, s.devices.all, scanDevice, userID)
	return found, failed("list the user's devices", err)
}

// EndDevices is one statement, and on disk once confirmed.
func (s *Store) EndDevices(ctx context.Context, userID string, ids ...string) error {
	const action = "forget the devices"
	if len(ids) == 0 {
		_, err := s.write(ctx, s.devices.endAll, userID)
		return failed(action, err)
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	_, err = s.write(ctx, s.devices.end, userID, string(list))
	return failed(action, err)
}

// CountDevice is one statement, so that no other write can come between the check and the count.
func (s *Store) CountDevice(ctx context.Context, k auth.DeviceKey, limit int64) error {
	const action = "count the attempt for the device"
	changed, err := s.write(ctx, s.devices.count, k.UserID, k.ID, limit)
	if err == nil && changed == 0 {
		return fmt.Errorf("%s: %w", action, auth.ErrConflict)
	}
	return failed(action, err)
}

// UncountDevice is one statement.
func (s *Store) UncountDevice(ctx context.Context, k auth.DeviceKey) error {
	_, err := s.write(ctx, s.devices.uncount, k.UserID, k.ID)
	return failed("undo the attempt", err)
}

// UseDevice is one statement.
func (s *Store) UseDevice(ctx context.Context, k auth.DeviceKey, at time.Time) error {
	_, err := s.write(ctx, s.devices.use, at.UnixMilli(), k.UserID, k.ID)
	return failed("use the device", err)
}

func scanDevice(r row) (d auth.Device, err error) {
	var created, used, expires int64
	if err := r.Scan(&d.UserID, &d.ID, &d.PasswordEpoch, &d.Failures, &d.Source, &created, &used, &expires); err != nil {
		return auth.Device{}, err
	}
	d.CreatedAt, d.LastUsedAt, d.ExpiresAt = timeOf(created), timeOf(used), timeOf(expires)
	return d, nil
}
