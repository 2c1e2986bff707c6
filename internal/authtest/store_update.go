package authtest

import (
	"testing"

	"latchkey/internal/auth"
)

func updatePromises() []promise {
	return []promise{
		{"every field", updateReplaces},
		{"compare and swap on the version", updateConflict},
		{"a changed identifier moves", updateMoves},
		{"identifier taken", updateTaken},
		{"two users swap identifiers", updateSwaps},
	}
}

func updateReplaces(t *testing.T, s Store) {
	bystander := create(t, s, Grace())
	u := create(t, s, Ada())
	full := Filled[auth.User]()
	full.ID, full.Version = u.ID, u.Version
	full = update(t, s, full)
	full.Factors = u.Factors // only SetFactors changes them
	wantUser(t, s, full)

	empty := auth.User{ID: u.ID, Identifier: full.Identifier, Status: auth.StatusPending, Version: full.Version}
	wantUser(t, s, update(t, s, empty))
	wantUser(t, s, bystander)
}

func updateConflict(t *testing.T, s Store) {
	read := create(t, s, Ada())
	u := read
	u.Role = "admin"
	u = update(t, s, u)

	for _, version := range []int64{0, read.Version, u.Version + 1, -1} {
		stale := read
		stale.Role, stale.Version = "stale", version
		stale.Identifier = Identifier("elsewhere@example.com")
		wantError(t, "UpdateUser", s.UpdateUser(t.Context(), stale), auth.ErrConflict)
	}
	wantUser(t, s, u)
	wantNobody(t, s, Identifier("elsewhere@example.com"))
}

func updateMoves(t *testing.T, s Store) {
	u := create(t, s, Ada())
	u.Email = "Countess@Example.com"
	u.Identifier = Identifier(u.Email)
	u = update(t, s, u)
	wantUser(t, s, u)
	wantNobody(t, s, Ada().Identifier)

	successor := Ada()
	successor.ID = "ada the second" // the old address is free immediately
	wantUser(t, s, create(t, s, successor))
	wantUser(t, s, u)
}

func updateTaken(t *testing.T, s Store) {
	ada, grace := create(t, s, Ada()), create(t, s, Grace())
	thief := ada
	thief.Identifier, thief.Role = grace.Identifier, "thief"
	wantError(t, "UpdateUser", s.UpdateUser(t.Context(), thief), auth.ErrConflict)
	wantUser(t, s, ada)
	wantUser(t, s, grace)
}

func updateSwaps(t *testing.T, s Store) {
	ada, grace := create(t, s, Ada()), create(t, s, Grace())
	ada.Identifier = Identifier("between@example.com")
	ada = update(t, s, ada)
	grace.Identifier = Ada().Identifier
	grace = update(t, s, grace)
	ada.Identifier = Grace().Identifier
	ada = update(t, s, ada)
	wantUser(t, s, ada)
	wantUser(t, s, grace)
	wantNobody(t, s, Identifier("between@example.com"))
}
