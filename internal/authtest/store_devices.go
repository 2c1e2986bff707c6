package authtest

import (
	"fmt"
	"testing"
	"time"

	"latchkey/internal/auth"
)

func devicePromises() []promise {
	return []promise{
		{"every field comes back, in lists and in a look-up", deviceFields},
		{"a list is of one user, the greatest id first", deviceList},
		{"attempts are counted up to the limit", deviceCount},
		{"of concurrent attempts no more than the limit are counted", deviceRace},
		{"no count creates a device", deviceAbsent},
		{"named devices are forgotten, and only these", devicesEnd},
		{"ending all sessions forgets all devices", devicesEndWithSessions},
		{"deleting the user forgets all devices", devicesEndWithUser},
	}
}

// newDevice returns a device that expires by the real clock, by which a store may delete.
func newDevice(userID, id string) auth.Device {
	now := time.Now().UTC().Truncate(time.Millisecond)
	return auth.Device{ID: id, UserID: userID, PasswordEpoch: 7, Source: "192.0.2.7", CreatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(time.Hour)}
}

func putDevice(t *testing.T, s Store, d auth.Device) auth.Device {
	t.Helper()
	wantError(t, "PutDevice", s.PutDevice(t.Context(), d), nil)
	return d
}

func wantDevices(t *testing.T, s Store, userID string, want ...auth.Device) {
	t.Helper()
	got, err := s.DevicesOf(t.Context(), userID)
	if err != nil {
		t.Fatalf("DevicesOf(%q): %v", userID, err)
	}
	if d := diff(want, got); d != "" {
		t.Errorf("DevicesOf(%q) differs (-want +got):\n%s", userID, d)
	}
}

func wantDevice(t *testing.T, s Store, k auth.DeviceKey, want auth.Device) {
	t.Helper()
	got, err := s.LookUp(t.Context(), auth.LookupQuery{Device: k})
	if err != nil {
		t.Fatalf("LookUp(%v): %v", k, err)
	}
	if d := diff(auth.LookupResult{Device: want}, got); d != "" {
		t.Errorf("LookUp(%v) differs (-want +got):\n%s", k, d)
	}
}

func deviceFields(t *testing.T, s Store) {
	full := Filled[auth.Device]()
	full.ExpiresAt = time.Now().UTC().Truncate(time.Millisecond).Add(time.Hour)
	putDevice(t, s, full)
	wantDevices(t, s, full.UserID, full)
	wantDevice(t, s, full.Key(), full)
	u := create(t, s, Ada())
	plain := putDevice(t, s, newDevice(u.ID, "d1"))
	got, err := s.LookUp(t.Context(), auth.LookupQuery{Identifier: u.Identifier, Device: plain.Key()})
	wantError(t, "LookUp", err, nil)
	if d := diff(auth.LookupResult{UserID: u.ID, Device: plain}, got); d != "" {
		t.Errorf("LookUp of user and device differs (-want +got):\n%s", d)
	}
	wantDevice(t, s, auth.DeviceKey{UserID: u.ID, ID: "d2"}, auth.Device{})
	wantDevice(t, s, auth.DeviceKey{UserID: "grace", ID: "d1"}, auth.Device{})
}

func deviceList(t *testing.T, s Store) {
	for _, other := range []string{"grace", "ad", "adam", "ada#", "ADA"} {
		putDevice(t, s, newDevice(other, "d1"))
	}
	first, third, second := putDevice(t, s, newDevice("ada", "d1")), putDevice(t, s, newDevice("ada", "d3")), putDevice(t, s, newDevice("ada", "d2"))
	put(t, s, newSession("ada", "d4"))
	wantDevices(t, s, "ada", third, second, first)
	wantDevices(t, s, "nobody")
}

func deviceCount(t *testing.T, s Store) {
	d, other := putDevice(t, s, newDevice("ada", "d1")), putDevice(t, s, newDevice("ada", "d2"))
	wantError(t, "UncountDevice", s.UncountDevice(t.Context(), d.Key()), nil)
	for range 3 {
		wantError(t, "CountDevice", s.CountDevice(t.Context(), d.Key(), 3), nil)
	}
	wantError(t, "CountDevice over the limit", s.CountDevice(t.Context(), d.Key(), 3), auth.ErrConflict)
	wantError(t, "UncountDevice", s.UncountDevice(t.Context(), d.Key()), nil)
	d.Failures = 2
	wantDevices(t, s, "ada", other, d)
	wantError(t, "CountDevice", s.CountDevice(t.Context(), d.Key(), 3), nil)
	d.Failures, d.LastUsedAt = 0, d.LastUsedAt.Add(time.Minute)
	wantError(t, "UseDevice", s.UseDevice(t.Context(), d.Key(), d.LastUsedAt), nil)
	wantDevices(t, s, "ada", other, d)
}

func deviceRace(t *testing.T, s Store) {
	d := putDevice(t, s, newDevice("ada", "d1"))
	if n := successes(t, 20, auth.ErrConflict, func() error { return s.CountDevice(t.Context(), d.Key(), 6) }); n != 6 {
		t.Errorf("%d attempts of a limit of 6 were counted", n)
	}
}

func deviceAbsent(t *testing.T, s Store) {
	k := auth.DeviceKey{UserID: "ada", ID: "d1"}
	wantError(t, "CountDevice", s.CountDevice(t.Context(), k, 3), auth.ErrConflict)
	wantError(t, "UncountDevice", s.UncountDevice(t.Context(), k), nil)
	wantError(t, "UseDevice", s.UseDevice(t.Context(), k, Start()), nil)
	wantError(t, "EndDevices", s.EndDevices(t.Context(), "ada", "d1"), nil)
	wantError(t, "EndDevices", s.EndDevices(t.Context(), "ada"), nil)
	wantDevices(t, s, "ada")
}

func devicesEnd(t *testing.T, s Store) {
	kept := putDevice(t, s, newDevice("grace", "d1"))
	d := putDevice(t, s, newDevice("ada", "d0"))
	putDevice(t, s, newDevice("ada", "d1"))
	putDevice(t, s, newDevice("ada", "d2"))
	wantError(t, "EndDevices", s.EndDevices(t.Context(), "ada", "d1", "d2", "d3"), nil)
	wantDevices(t, s, "ada", d)
	wantError(t, "EndDevices of all", s.EndDevices(t.Context(), "ada"), nil)
	wantDevices(t, s, "ada")
	wantDevices(t, s, "grace", kept)
}

// manyDevices are more than one DynamoDB batch.
func manyDevices(t *testing.T, s Store, userID string) {
	t.Helper()
	for i := range 30 {
		putDevice(t, s, newDevice(userID, fmt.Sprintf("d-%02d", i)))
	}
}

func devicesEndWithSessions(t *testing.T, s Store) {
	u := enrolled(t, s)
	manyDevices(t, s, u.ID)
	kept := putDevice(t, s, newDevice("grace", "d1"))
	put(t, s, newSession(u.ID, "s-1"))
	wantError(t, "EndSessions", s.EndSessions(t.Context(), u.ID, "s-1"), nil)
	wantNoSession(t, s, u.ID, "s-1")
	wantDevices(t, s, u.ID)
	wantDevices(t, s, "grace", kept)
	wantUser(t, s, u)
	wantState(t, s, u.ID, auth.FactorState{Recovery: []string{"mac-1", "mac-2"}})
}

func devicesEndWithUser(t *testing.T, s Store) {
	u := create(t, s, Ada())
	manyDevices(t, s, u.ID)
	kept := putDevice(t, s, newDevice("grace", "d1"))
	wantError(t, "DeleteUser", s.DeleteUser(t.Context(), u.ID), nil)
	wantDevices(t, s, u.ID)
	wantDevices(t, s, "grace", kept)
}
