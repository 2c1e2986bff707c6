package authtest

import (
	"errors"
	"testing"

	"latchkey/internal/auth"
)

func userPromises() []promise {
	return []promise{
		{"create", createUser},
		{"the first version is 1, whatever the caller sets", createVersion},
		{"a user that NewUser did not make", createUnmade},
		{"absent", absentUser},
		{"id taken", createIDTaken},
		{"identifier taken", createIdentifierTaken},
		{"replace the hash", replaceHash},
		{"replace the hash by compare and swap", replaceHashConflict},
	}
}

func createUser(t *testing.T, s Store) {
	ada, grace := create(t, s, Ada()), create(t, s, Grace())
	wantUser(t, s, ada)
	wantUser(t, s, grace)
}

func createVersion(t *testing.T, s Store) {
	u := Ada()
	u.Version = 7
	wantUser(t, s, create(t, s, u))
}

func absentUser(t *testing.T, s Store) {
	create(t, s, Ada())
	_, err := s.UserByID(t.Context(), "nobody")
	wantError(t, "UserByID", err, auth.ErrNotFound)
	_, err = s.UserByID(t.Context(), "ADA") // ids are compared byte by byte
	wantError(t, "UserByID in capitals", err, auth.ErrNotFound)
	wantNobody(t, s, Identifier("nobody@example.com"))
	wantError(t, "UpdateUser", s.UpdateUser(t.Context(), Grace()), auth.ErrNotFound)
	wantNobody(t, s, Grace().Identifier)
	// The port has one answer: the hash of a missing user does not equal old.
	wantError(t, "ReplaceHash", s.ReplaceHash(t.Context(), "nobody", "", "new"), auth.ErrConflict)
	_, err = s.UserByID(t.Context(), "nobody")
	wantError(t, "UserByID after ReplaceHash", err, auth.ErrNotFound)
}

func createIDTaken(t *testing.T, s Store) {
	ada := create(t, s, Ada())
	u := Grace()
	u.ID = ada.ID
	wantError(t, "CreateUser", s.CreateUser(t.Context(), u), auth.ErrConflict)
	wantUser(t, s, ada)
	wantNobody(t, s, u.Identifier) // the identifier is still free
	wantUser(t, s, create(t, s, Grace()))
}

func createIdentifierTaken(t *testing.T, s Store) {
	ada := create(t, s, Ada())
	u := Grace()
	u.Identifier = ada.Identifier
	wantError(t, "CreateUser", s.CreateUser(t.Context(), u), auth.ErrConflict)
	wantUser(t, s, ada)
	_, err := s.UserByID(t.Context(), u.ID)
	wantError(t, "UserByID", err, auth.ErrNotFound)
	wantUser(t, s, create(t, s, Grace())) // the id is still free
}

func replaceHash(t *testing.T, s Store) {
	u := Filled[auth.User]()
	u.PasswordHash = ""
	u = create(t, s, u)
	for _, hash := range []string{"$argon2id$first", "$argon2id$second", ""} {
		if err := s.ReplaceHash(t.Context(), u.ID, u.PasswordHash, hash); err != nil {
			t.Fatalf("ReplaceHash to %q: %v", hash, err)
		}
		u.PasswordHash = hash
		u.Version++
		wantUser(t, s, u)
	}
}

func replaceHashConflict(t *testing.T, s Store) {
	u := Ada()
	u.PasswordHash = "current"
	u = create(t, s, u)
	for _, old := range []string{"stale", "", "CURRENT", "current ", "curren"} {
		wantError(t, "ReplaceHash of "+old, s.ReplaceHash(t.Context(), u.ID, old, "new"), auth.ErrConflict)
	}
	wantUser(t, s, u)

	stale := u
	if err := s.ReplaceHash(t.Context(), u.ID, "current", "new"); err != nil {
		t.Fatal(err)
	}
	u.PasswordHash, u.Version = "new", u.Version+1
	wantError(t, "UpdateUser with what was read before", s.UpdateUser(t.Context(), stale), auth.ErrConflict)
	wantUser(t, s, u)
}

func createUnmade(t *testing.T, s Store) {
	unmade := Ada()
	unmade.PasswordEpoch = 0
	grace := Grace()
	errs := s.CreateUsers(t.Context(), []auth.User{unmade, grace})
	for i, err := range []error{s.CreateUser(t.Context(), unmade), errs[0]} {
		if err == nil || errors.Is(err, auth.ErrConflict) || errors.Is(err, auth.ErrUnavailable) {
			t.Errorf("call %d: %v, want an error of its own", i, err)
		}
	}
	wantNobody(t, s, unmade.Identifier)
	grace.Version = 1
	wantUser(t, s, grace)
}
