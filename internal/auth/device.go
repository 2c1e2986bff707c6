package auth

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Device is a browser or app in which a user proved a second factor. Its token replaces the factor at later sign-ins,
// never the password.
type Device struct {
	ID     string // begins with its time, as the ids of sessions do
	UserID string
	// PasswordEpoch is the user's when the device was remembered; it is forgotten when the user's has grown.
	PasswordEpoch int64
	Failures      int64 // attempts that came with it since the last success
	Source        string

	CreatedAt, LastUsedAt time.Time
	ExpiresAt             time.Time // callers check it, because stores delete late
}

// DeviceKey names one remembered device of one user as stores keep it: by the user's id and the device's own.
type DeviceKey struct{ UserID, ID string }

// IsZero reports whether the key names no device.
func (k DeviceKey) IsZero() bool { return k == DeviceKey{} }

// Key returns the name under which the store has the device.
func (d Device) Key() DeviceKey { return DeviceKey{d.UserID, d.ID} }

// DeviceStore keeps remembered devices. Reads are consistent, each change is atomic, and a failure of the store itself wraps
// ErrUnavailable.
type DeviceStore interface {
	// PutDevice stores a new device.
	PutDevice(ctx context.Context, d Device) error
	// DevicesOf returns the user's devices, ordered by id from the greatest. Expired ones may be among them.
	DevicesOf(ctx context.Context, userID string) ([]Device, error)
	// EndDevices forgets the devices of the user that are named, or all if none is; unknown ids change nothing.
	EndDevices(ctx context.Context, userID string, ids ...string) error
}

// DeviceAttempts counts the attempts that come with a device. Each call is atomic; none creates a device.
type DeviceAttempts interface {
	// CountDevice adds one failure if the device has fewer than limit; otherwise, or if it is gone, ErrConflict.
	CountDevice(ctx context.Context, k DeviceKey, limit int64) error
	// UncountDevice takes off one failure, if there is one.
	UncountDevice(ctx context.Context, k DeviceKey) error
	// UseDevice sets the failures to zero and LastUsedAt.
	UseDevice(ctx context.Context, k DeviceKey, at time.Time) error
}

const (
	deviceLabel = "latchkey device 1"
	// maxDevices is how many devices of a user are remembered; a new one makes the service forget the oldest.
	maxDevices = 50
)

// deviceToken returns the text that a client keeps to be recognized: the device's name and its MAC.
func deviceToken(ctx context.Context, keys Keys, k DeviceKey) (string, error) {
	payload := appendText(appendText(nil, k.UserID), k.ID)
	mac, err := keys.MAC(ctx, deviceLabel, string(payload))
	if err != nil {
		return "", fmt.Errorf("make the device's token: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(append(payload, mac...)), nil
}

// parseDeviceToken returns the device that the token names, and the zero key for a text that is not one of our tokens.
func parseDeviceToken(ctx context.Context, keys Keys, token string) (DeviceKey, error) {
	if token == "" || len(token) > maxRefreshToken {
		return DeviceKey{}, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return DeviceKey{}, nil
	}
	userID, rest, ok := cutText(raw)
	if !ok {
		return DeviceKey{}, nil
	}
	id, _, ok := cutText(rest)
	if !ok {
		return DeviceKey{}, nil
	}
	want, err := deviceToken(ctx, keys, DeviceKey{userID, id})
	if err != nil {
		return DeviceKey{}, err
	}
	if subtle.ConstantTimeCompare([]byte(want), []byte(token)) != 1 {
		return DeviceKey{}, nil
	}
	return DeviceKey{userID, id}, nil
}

// sentDevice returns the device that the attempt comes with. A code and a wish to step up ask for the factor: they come without
// one.
func (l *login) sentDevice(ctx context.Context) (DeviceKey, error) {
	if l.rules.FactorRemember == 0 || l.attempt.StepUp || l.attempt.Code.Text != "" {
		return DeviceKey{}, nil
	}
	return parseDeviceToken(ctx, l.keys, l.attempt.Device)
}

// acceptDevice lets the device stand in for the source if it was found, is this user's, and has not failed too often.
func (l *login) acceptDevice(d Device, userID string) {
	expires := earlier(d.ExpiresAt, d.CreatedAt.Add(l.rules.FactorRemember)) // the setting may be shorter than it was
	if d.ID != "" && d.UserID == userID && l.now().Before(expires) && !l.overLimit(d.Failures) {
		l.device, l.record.DeviceID = d, d.ID
	}
}

// overLimit reports whether a device with this number of failures is to be forgotten.
func (l *login) overLimit(failures int64) bool {
	free := l.rules.Limits.Free
	return free > 0 && failures > free
}

// remembered reports whether the attempt comes with a device in which the caller proved a factor, with the password of now.
func (l *login) remembered(caller User) bool {
	return l.device.ID != "" && l.device.UserID == caller.ID && l.device.PasswordEpoch == caller.PasswordEpoch
}

// countDevice counts the attempt before the password is checked, as countAttempt does.
func (l *login) countDevice(ctx context.Context) error {
	if l.rules.Limits.Free == 0 {
		return nil
	}
	err := l.store.CountDevice(ctx, l.device.Key(), l.rules.Limits.Free+1)
	if errors.Is(err, ErrConflict) { // other attempts used it up at the same time
		return refuse(&ThrottledError{time.Second}, reasonThrottledDevice)
	}
	if err != nil {
		return fmt.Errorf("count the attempt for the device: %w", err)
	}
	l.device.Failures++
	l.tally.device = true
	return nil
}

// failedDevice is failed for an attempt that came with a device: it adds nothing to the totals, and a device that has failed too often
// is forgotten.
func (l *login) failedDevice(ctx context.Context, err error) error {
	if _, refused := reasonOf(err); !refused {
		l.undoAttempt(ctx)
		return err
	}
	if isChallenge(err) || errors.Is(err, ErrThrottled) || !l.overLimit(l.device.Failures) {
		return err
	}
	ctx, cancel := detach(ctx)
	defer cancel()
	if failure := l.store.EndDevices(ctx, l.device.UserID, l.device.ID); failure != nil {
		return fmt.Errorf("forget the device: %w", failure)
	}
	l.record.DeviceForgotten = true
	return err
}

// remember makes a device of the client if it asked for one and proved a factor. A failure does not refuse the sign-in: the
// user is asked for a code at the next one.
func (l *login) remember(ctx context.Context, caller User, g *Grant) error {
	if !l.attempt.Remember || l.rules.FactorRemember == 0 || !g.Session.provedFactor() {
		return nil
	}
	now := g.Session.CreatedAt
	d := Device{
		ID: newSessionID(now, l.newID()), UserID: caller.ID, PasswordEpoch: caller.PasswordEpoch, Source: l.attempt.Source.String(),
		CreatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(l.rules.FactorRemember),
	}
	token, err := deviceToken(ctx, l.keys, d.Key())
	if err != nil {
		return err
	}
	if err := l.store.PutDevice(ctx, d); err != nil {
		return fmt.Errorf("store the device: %w", err)
	}
	g.DeviceToken, g.DeviceLife, l.record.DeviceID = token, l.rules.FactorRemember, d.ID
	return l.limitDevices(ctx, caller.ID)
}

// limitDevices forgets the user's oldest devices beyond maxDevices.
func (l *login) limitDevices(ctx context.Context, userID string) error {
	devices, err := l.store.DevicesOf(ctx, userID)
	if err != nil {
		return fmt.Errorf("list the devices: %w", err)
	}
	if len(devices) <= maxDevices {
		return nil
	}
	var surplus []string
	for _, d := range devices[maxDevices:] {
		surplus = append(surplus, d.ID)
	}
	return l.store.EndDevices(ctx, userID, surplus...)
}

// Devices returns the user's remembered devices that still work, the newest first.
func (s *Sessions) Devices(ctx context.Context, u User) ([]Device, error) {
	devices, err := s.store.DevicesOf(ctx, u.ID)
	if err != nil {
		return nil, fmt.Errorf("list the devices: %w", err)
	}
	now := s.now()
	return slices.DeleteFunc(devices, func(d Device) bool {
		return d.PasswordEpoch != u.PasswordEpoch || !now.Before(d.ExpiresAt)
	}), nil
}

// endDevice forgets one of the user's devices, or returns ErrNotFound.
func (s *Sessions) endDevice(ctx context.Context, u User, id string, record *AuditRecord) error {
	devices, err := s.store.DevicesOf(ctx, u.ID)
	if err != nil {
		return fmt.Errorf("look up the device: %w", err)
	}
	if !slices.ContainsFunc(devices, func(d Device) bool { return d.ID == id }) {
		return refuse(ErrNotFound, reasonNotFound)
	}
	record.Event, record.DeviceID = eventDeviceEnd, id
	return s.store.EndDevices(ctx, u.ID, id)
}
