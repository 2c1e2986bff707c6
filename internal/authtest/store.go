package authtest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"latchkey/internal/auth"
)

// Store is everything that auth asks of a store, and a way to read a session by itself.
type Store interface {
	auth.Store
	Session(ctx context.Context, userID, sessionID string) (auth.Session, error)
}

// RunStore checks that a store keeps the promises of auth's ports. open returns a new, empty store each time it is
// called, and closes it by t.Cleanup. No store has exceptions: a promise that one store cannot keep has to be changed
// in the port.
//
// What the ports leave open, the suite decides:
//   - times come back in UTC, cut to the millisecond, the zero time as the zero time;
//   - a nil and an empty slice or map are the same, and either may come back for the other;
//   - the profile's documents come back byte for byte, if they were written without whitespace or needless escapes;
//   - ids are up to 128 visible ASCII characters, as auth.User.Validate checks, and no character is special;
//   - a call whose context has ended returns an error that wraps ctx.Err(), and writes nothing.
func RunStore(t *testing.T, open func(t *testing.T) Store) {
	for _, group := range []struct {
		name     string
		promises []promise
	}{
		{"users", userPromises()},
		{"update", updatePromises()},
		{"delete", deletePromises()},
		{"batches", batchPromises()},
		{"look up", lookUpPromises()},
		{"clients", clientPromises()},
		{"sessions", sessionPromises()},
		{"rotation", rotationPromises()},
		{"attempts", attemptPromises()},
		{"factors", factorPromises()},
		{"devices", devicePromises()},
		{"public keys", publicKeysPromises()},
		{"list", listPromises()},
		{"values", valuePromises()},
		{"races", racePromises()},
		{"context", contextPromises()},
		{"model", modelPromises()},
	} {
		t.Run(group.name, func(t *testing.T) {
			for _, p := range group.promises {
				t.Run(p.name, func(t *testing.T) { p.check(t, open(t)) })
			}
		})
	}
}

// promise is one sentence of the ports' comments, and a check of it on a new store.
type promise struct {
	name  string
	check func(t *testing.T, s Store)
}

// diff compares exactly, except nil with empty. Times are compared by their representation, so that another zone differs.
func diff(want, got any) string {
	return cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.EquateComparable(auth.Identifier{}, time.Time{}))
}

// create stores the user and returns it as the store must return it afterwards.
func create(t *testing.T, s Store, u auth.User) auth.User {
	t.Helper()
	if err := s.CreateUser(t.Context(), u); err != nil {
		t.Fatalf("CreateUser(%.40q): %v", u.ID, err)
	}
	u.Version = 1
	return u
}

// update stores the user and returns it as the store must return it afterwards.
func update(t *testing.T, s Store, u auth.User) auth.User {
	t.Helper()
	if err := s.UpdateUser(t.Context(), u); err != nil {
		t.Fatalf("UpdateUser(%.40q): %v", u.ID, err)
	}
	u.Version++
	return u
}

// wantUser checks that every read of the user returns exactly want.
func wantUser(t *testing.T, s Store, want auth.User) {
	t.Helper()
	got, err := s.UserByID(t.Context(), want.ID)
	if err != nil {
		t.Fatalf("UserByID(%.40q): %v", want.ID, err)
	}
	if d := diff(want, got); d != "" {
		t.Errorf("UserByID(%.40q) differs (-want +got):\n%s", want.ID, d)
	}
	got, err = s.UserByIdentifier(t.Context(), want.Identifier)
	if err != nil {
		t.Fatalf("UserByIdentifier(%s): %v", want.Identifier, err)
	}
	if d := diff(want, got); d != "" {
		t.Errorf("UserByIdentifier(%s) differs (-want +got):\n%s", want.Identifier, d)
	}
	wantLookUp(t, s, want.Identifier, "", auth.LookupResult{UserID: want.ID})
}

// wantNobody checks that no user has the identifier.
func wantNobody(t *testing.T, s Store, id auth.Identifier) {
	t.Helper()
	_, err := s.UserByIdentifier(t.Context(), id)
	wantError(t, "UserByIdentifier("+id.String()+")", err, auth.ErrNotFound)
	wantLookUp(t, s, id, "", auth.LookupResult{})
}

func wantLookUp(t *testing.T, s Store, id auth.Identifier, keyHash string, want auth.LookupResult) {
	t.Helper()
	got, err := s.LookUp(t.Context(), auth.LookupQuery{Identifier: id, KeyHash: keyHash})
	if err != nil {
		t.Fatalf("LookUp(%s, %.16q): %v", id, keyHash, err)
	}
	if d := diff(want, got); d != "" {
		t.Errorf("LookUp(%s, %.16q) differs (-want +got):\n%s", id, keyHash, d)
	}
}

// wantError checks that err is the wanted one, and not another one that callers distinguish.
func wantError(t *testing.T, call string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want an error that is %q", call, err, want)
	}
	for _, other := range []error{auth.ErrConflict, auth.ErrNotFound, auth.ErrUnavailable} {
		if other != want && errors.Is(err, other) {
			t.Errorf("%s: %v is also %q", call, err, other)
		}
	}
}
