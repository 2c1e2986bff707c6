package authtest

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"testing"
	"time"

	"latchkey/internal/auth"
)

func contextPromises() []promise {
	return []promise{
		{"every call stops", contextEnded},
		{"nothing is written", contextEndedWrites},
	}
}

// calls has one call of every method, which succeeds in a store that has Ada, the client "site", her session "s1" and her
// device "d1".
func calls(s Store) map[string]func(ctx context.Context) error {
	ada, site := Ada(), newClient("site")
	ada.Version, ada.Role = 1, "changed"
	all := map[string]func(ctx context.Context) error{
		"LookUp": func(ctx context.Context) error {
			_, err := s.LookUp(ctx, auth.LookupQuery{Identifier: ada.Identifier, KeyHash: site.KeyHash})
			return err
		},
		"UserByID":         func(ctx context.Context) error { _, err := s.UserByID(ctx, ada.ID); return err },
		"UserByIdentifier": func(ctx context.Context) error { _, err := s.UserByIdentifier(ctx, ada.Identifier); return err },
		"CreateUser":       func(ctx context.Context) error { return s.CreateUser(ctx, Grace()) },
		"UpdateUser":       func(ctx context.Context) error { return s.UpdateUser(ctx, ada) },
		"DeleteUser":       func(ctx context.Context) error { return s.DeleteUser(ctx, ada.ID) },
		"CreateUsers":      func(ctx context.Context) error { return s.CreateUsers(ctx, []auth.User{Grace()})[0] },
		"UpdateUsers":      func(ctx context.Context) error { return s.UpdateUsers(ctx, []auth.User{ada})[0] },
		"Existing":         func(ctx context.Context) error { _, err := s.Existing(ctx, []auth.User{ada}); return err },
		"ReplaceHash":      func(ctx context.Context) error { return s.ReplaceHash(ctx, ada.ID, "", "new") },
		"PutSession":       func(ctx context.Context) error { return s.PutSession(ctx, newSession(ada.ID, "s2")) },
		"Session":          func(ctx context.Context) error { _, err := s.Session(ctx, ada.ID, "s1"); return err },
		"EndSessions":      func(ctx context.Context) error { return s.EndSessions(ctx, ada.ID, "") },
		"LimitSessions":    func(ctx context.Context) error { return s.LimitSessions(ctx, ada.ID, "", 1) },
		"EndSession":       func(ctx context.Context) error { return s.EndSession(ctx, ada.ID, "s1") },
		"SessionAndUser":   func(ctx context.Context) error { _, _, err := s.SessionAndUser(ctx, ada.ID, "s1"); return err },
		"SessionsOf":       func(ctx context.Context) error { _, err := s.SessionsOf(ctx, ada.ID, "", 1000); return err },
		"RotateSession":    func(ctx context.Context) error { return s.RotateSession(ctx, rotated(newSession(ada.ID, "s1")), 0) },
		"CountAttempt": func(ctx context.Context) error {
			return s.CountAttempt(ctx, attemptKeys(), auth.Pair{}, auth.Pair{Failures: 1, LastAt: attemptTime()}, 5)
		},
		"UndoAttempt":   func(ctx context.Context) error { return s.UndoAttempt(ctx, attemptKeys(), auth.Pair{}, auth.Pair{}) },
		"ClearAttempts": func(ctx context.Context) error { return s.ClearAttempts(ctx, attemptKeys(), attemptTime()) },
		"CountFailure": func(ctx context.Context) error {
			return s.CountFailure(ctx, attemptKeys().OfUser(), auth.Window{}, newWindow(1, attemptTime()))
		},
		"UserAttempts":   func(ctx context.Context) error { _, _, err := s.UserAttempts(ctx, attemptKeys().User); return err },
		"ForgetAttempts": func(ctx context.Context) error { return s.ForgetAttempts(ctx, attemptKeys().User) },
		"ForgetSources":  func(ctx context.Context) error { return s.ForgetSources(ctx, attemptKeys().User) },
		"PublicKeys":     func(ctx context.Context) error { _, err := s.PublicKeys(ctx); return err },
		"PutPublicKeys":  func(ctx context.Context) error { return s.PutPublicKeys(ctx, []byte("{}")) },
		"CreateClient":   func(ctx context.Context) error { return s.CreateClient(ctx, newClient("second")) },
		"DisableClient":  func(ctx context.Context) error { return s.DisableClient(ctx, site.KeyHash) },
		"ExpireClient":   func(ctx context.Context) error { return s.ExpireClient(ctx, site.KeyHash, Start()) },
		"AllClients":     func(ctx context.Context) error { _, err := s.AllClients(ctx); return err },
		"AllUsers": func(ctx context.Context) (err error) {
			for _, err = range s.AllUsers(ctx) {
			}
			return err
		},
	}
	maps.Copy(all, factorCalls(s, ada))
	maps.Copy(all, deviceCalls(s, ada.ID))
	return all
}

func factorCalls(s Store, ada auth.User) map[string]func(ctx context.Context) error {
	return map[string]func(ctx context.Context) error{
		"SetFactors":  func(ctx context.Context) error { return s.SetFactors(ctx, ada.ID, 1, factors(), []string{"mac"}) },
		"FactorState": func(ctx context.Context) error { _, err := s.FactorState(ctx, ada.ID); return err },
		"SpendNonce":  func(ctx context.Context) error { return s.SpendNonce(ctx, "nonce", Start()) },
		"UseStep":     func(ctx context.Context) error { _, err := s.UseStep(ctx, ada.ID, "totp", 1, Start()); return err },
		"UseRecovery": func(ctx context.Context) error { return s.UseRecovery(ctx, ada.ID, "mac") },
		"UsePasskey":  func(ctx context.Context) error { _, err := s.UsePasskey(ctx, ada.ID, "key", 1, Start()); return err },
		"CountWrongCode": func(ctx context.Context) error {
			_, err := s.CountWrongCode(ctx, ada.ID, auth.CodeCount{}, auth.CodeCount{Wrong: 1})
			return err
		},
		"ClearWrongCodes": func(ctx context.Context) error { return s.ClearWrongCodes(ctx, ada.ID) },
	}
}

func deviceCalls(s Store, userID string) map[string]func(ctx context.Context) error {
	device := auth.DeviceKey{UserID: userID, ID: "d1"}
	return map[string]func(ctx context.Context) error{
		"PutDevice":     func(ctx context.Context) error { return s.PutDevice(ctx, newDevice(userID, "d2")) },
		"DevicesOf":     func(ctx context.Context) error { _, err := s.DevicesOf(ctx, userID); return err },
		"EndDevices":    func(ctx context.Context) error { return s.EndDevices(ctx, userID, "d1") },
		"CountDevice":   func(ctx context.Context) error { return s.CountDevice(ctx, device, 5) },
		"UncountDevice": func(ctx context.Context) error { return s.UncountDevice(ctx, device) },
		"UseDevice":     func(ctx context.Context) error { return s.UseDevice(ctx, device, Start()) },
	}
}

func contextEnded(t *testing.T, s Store) {
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancelLate := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancelLate()
	for method := range reflect.TypeFor[Store]().NumMethod() {
		if name := reflect.TypeFor[Store]().Method(method).Name; calls(s)[name] == nil {
			t.Errorf("no call of %s is made", name)
		}
	}
	for name, call := range calls(s) {
		for _, ctx := range []context.Context{canceled, late} {
			began := time.Now()
			err := call(ctx)
			if !errors.Is(err, ctx.Err()) {
				t.Errorf("%s: %v, want an error that is %q", name, err, ctx.Err())
			}
			if errors.Is(err, auth.ErrConflict) || errors.Is(err, auth.ErrNotFound) {
				t.Errorf("%s: %v repeats what the store holds", name, err)
			}
			if took := time.Since(began); took > time.Second {
				t.Errorf("%s took %v to stop", name, took)
			}
		}
	}
}

func contextEndedWrites(t *testing.T, s Store) {
	ada, site := create(t, s, Ada()), createClient(t, s, newClient("site"))
	session, device := put(t, s, newSession(ada.ID, "s1")), putDevice(t, s, newDevice(ada.ID, "d1"))
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range calls(s) {
		if err := call(canceled); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want canceled", name, err)
		}
	}
	wantUser(t, s, ada)
	wantNobody(t, s, Grace().Identifier)
	wantClients(t, s, site)
	wantSession(t, s, session)
	wantNoSession(t, s, ada.ID, "s2")
	wantDevices(t, s, ada.ID, device)
	wantCounters(t, s, auth.Counters{})
	_, err := s.PublicKeys(t.Context())
	wantError(t, "PublicKeys", err, auth.ErrNotFound)
}
