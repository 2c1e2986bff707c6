package authtest

import (
	"errors"
	"fmt"
	"testing"

	"latchkey/internal/auth"
)

func batchPromises() []promise {
	return []promise{
		{"no users", batchEmpty},
		{"many are created", batchCreates},
		{"each is created or refused separately", batchCreateConflicts},
		{"each is updated or refused separately", batchUpdates},
		{"existing users", batchExisting},
	}
}

func deletePromises() []promise {
	return []promise{
		{"all of a user and nothing else", deletesUser},
		{"id and identifier are free afterwards", deleteFrees},
		{"a moved identifier", deleteMoved},
		{"one delete wins", raceDeletes},
	}
}

func batchEmpty(t *testing.T, s Store) {
	if errs := s.CreateUsers(t.Context(), nil); len(errs) > 0 {
		t.Errorf("CreateUsers: %v", errs)
	}
	if errs := s.UpdateUsers(t.Context(), nil); len(errs) > 0 {
		t.Errorf("UpdateUsers: %v", errs)
	}
	if found, err := s.Existing(t.Context(), nil); len(found) > 0 || err != nil {
		t.Errorf("Existing: %v, %v", found, err)
	}
}

func batchCreates(t *testing.T, s Store) {
	users := []auth.User{Ada(), Grace(), Filled[auth.User]()}
	for i := range 200 {
		users = append(users, NewUser(fmt.Sprintf("user-%03d", i)))
	}
	for i, err := range s.CreateUsers(t.Context(), users) {
		if err != nil {
			t.Errorf("CreateUsers, %s: %v", users[i].ID, err)
		}
		users[i].Version = 1
	}
	for _, u := range users[:5] {
		wantUser(t, s, u)
	}
	wantNamesakes(t, s, users, users)
}

func batchCreateConflicts(t *testing.T, s Store) {
	ada, grace := create(t, s, Ada()), create(t, s, Grace())
	first, last := NewUser("first"), NewUser("last")
	sameID, sameIdentifier := NewUser("other"), Grace()
	sameID.ID, sameIdentifier.ID = ada.ID, "not grace"
	wantErrors(t, "CreateUsers", s.CreateUsers(t.Context(), []auth.User{first, sameID, sameIdentifier, last}),
		nil, auth.ErrConflict, auth.ErrConflict, nil)
	first.Version, last.Version = 1, 1
	for _, u := range []auth.User{ada, grace, first, last} {
		wantUser(t, s, u)
	}
	wantNobody(t, s, sameID.Identifier)
	_, err := s.UserByID(t.Context(), sameIdentifier.ID)
	wantError(t, "UserByID", err, auth.ErrNotFound)
}

func batchUpdates(t *testing.T, s Store) {
	ada, grace, joan := create(t, s, Ada()), create(t, s, Grace()), create(t, s, Joan())
	stale, thief := grace, joan
	stale.Version, stale.Role = 7, "stale"
	thief.Identifier = ada.Identifier
	ada.Role, ada.Email, ada.Identifier = "changed", "countess@example.com", Identifier("countess@example.com")
	gone := Alan()
	gone.Version = 1
	last := create(t, s, NewUser("last"))
	last.Role = "changed"
	thief.Identifier = grace.Identifier
	wantErrors(t, "UpdateUsers", s.UpdateUsers(t.Context(), []auth.User{ada, stale, thief, gone, last}),
		nil, auth.ErrConflict, auth.ErrConflict, auth.ErrNotFound, nil)
	ada.Version, last.Version = 2, 2
	for _, u := range []auth.User{ada, grace, joan, last} {
		wantUser(t, s, u)
	}
	wantNobody(t, s, Ada().Identifier)
	wantNobody(t, s, gone.Identifier)
}

func batchExisting(t *testing.T, s Store) {
	ada, grace := create(t, s, Ada()), create(t, s, Grace())
	both, byID, stranger := Ada(), NewUser("other"), NewUser("stranger")
	both.ID, byID.ID = grace.ID, grace.ID // the identifier takes precedence over the id
	byIdentifier := Ada()
	byIdentifier.ID = "not ada"
	wantNamesakes(t, s, []auth.User{both, byID, stranger}, []auth.User{ada, grace, {}})
	wantNamesakes(t, s, []auth.User{byIdentifier, stranger, Grace()}, []auth.User{ada, {}, grace})
}

func wantNamesakes(t *testing.T, s Store, of, want []auth.User) {
	t.Helper()
	got, err := s.Existing(t.Context(), of)
	if err != nil {
		t.Fatalf("Existing: %v", err)
	}
	if d := diff(want, got); d != "" {
		t.Errorf("Existing differs (-want +got):\n%s", d)
	}
}

func wantErrors(t *testing.T, call string, got []error, want ...error) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s returned %d errors for %d users", call, len(got), len(want))
	}
	for i := range want {
		wantError(t, fmt.Sprintf("%s, user %d", call, i), got[i], want[i])
	}
}

func deletesUser(t *testing.T, s Store) {
	ada, grace := create(t, s, Ada()), create(t, s, Grace())
	for i := range 30 {
		put(t, s, newSession(ada.ID, fmt.Sprintf("s%d", i)))
	}
	kept := put(t, s, newSession(grace.ID, "s1"))
	if err := s.DeleteUser(t.Context(), ada.ID); err != nil {
		t.Fatalf("DeleteUser: %v", err)
	}
	wantNobody(t, s, ada.Identifier)
	_, err := s.UserByID(t.Context(), ada.ID)
	wantError(t, "UserByID", err, auth.ErrNotFound)
	if left, err := s.SessionsOf(t.Context(), ada.ID, "", 1000); err != nil || len(left) > 0 {
		t.Errorf("SessionsOf: %d sessions, %v", len(left), err)
	}
	wantError(t, "DeleteUser again", s.DeleteUser(t.Context(), ada.ID), auth.ErrNotFound)
	wantError(t, "UpdateUser", s.UpdateUser(t.Context(), ada), auth.ErrNotFound)
	wantUser(t, s, grace)
	wantSession(t, s, kept)
}

func deleteFrees(t *testing.T, s Store) {
	for range 3 {
		u := create(t, s, Ada())
		wantUser(t, s, u)
		if err := s.DeleteUser(t.Context(), u.ID); err != nil {
			t.Fatalf("DeleteUser: %v", err)
		}
	}
	successor := Ada()
	successor.ID = "another"
	wantUser(t, s, create(t, s, successor))
}

func deleteMoved(t *testing.T, s Store) {
	u := create(t, s, Ada())
	u.Identifier = Identifier("countess@example.com")
	u = update(t, s, u)
	successor := Ada()
	successor.ID = "another"
	successor = create(t, s, successor)
	if err := s.DeleteUser(t.Context(), u.ID); err != nil {
		t.Fatalf("DeleteUser: %v", err)
	}
	wantNobody(t, s, u.Identifier)
	wantUser(t, s, successor)
}

func raceDeletes(t *testing.T, s Store) {
	u := create(t, s, Ada())
	race(t, func(int) error {
		if err := s.DeleteUser(t.Context(), u.ID); !errors.Is(err, auth.ErrNotFound) {
			return err
		}
		return auth.ErrConflict // which race expects of the losers
	})
	wantNobody(t, s, u.Identifier)
}
