package authtest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"latchkey/internal/auth"
)

func modelPromises() []promise {
	return []promise{{"users behave as a map with two keys", usersModel}}
}

// usersModel runs random calls on the store and on a map, and compares every error and the stored users.
// Each round has its own users in one store, because making a store can take longer than the round.
func usersModel(t *testing.T, s Store) {
	round := 0
	rapid.Check(t, func(r *rapid.T) {
		round++
		m := model{store: s, ctx: t.Context(), prefix: fmt.Sprintf("r%d-", round), users: map[string]auth.User{}}
		for range rapid.IntRange(1, 10).Draw(r, "calls") {
			m.call(r)
		}
		m.compare(r)
	})
}

// With few ids and addresses, the calls conflict often.
func modelIDs() []string    { return []string{"a", "b", "c"} }
func modelNames() []string  { return []string{"x", "y", "z"} }
func modelHashes() []string { return []string{"", "h1", "h2"} }

type model struct {
	store  Store
	ctx    context.Context
	prefix string
	users  map[string]auth.User // by id
}

func (m *model) id(name string) string { return m.prefix + name }

func (m *model) identifier(name string) auth.Identifier {
	return Identifier(m.prefix + name + "@example.com")
}

func (m *model) call(r *rapid.T) {
	u := NewUser("any")
	u.ID = m.id(rapid.SampledFrom(modelIDs()).Draw(r, "id"))
	u.Identifier = m.identifier(rapid.SampledFrom(modelNames()).Draw(r, "identifier"))
	u.PasswordHash = rapid.SampledFrom(modelHashes()).Draw(r, "hash")
	u.Role = rapid.String().Draw(r, "role")
	before, exists := m.users[u.ID]

	var got, want error
	kind := rapid.SampledFrom([]string{"create", "update", "rehash", "delete"}).Draw(r, "call")
	switch kind {
	case "create":
		got, want = m.store.CreateUser(m.ctx, u), m.conflict(exists || m.taken(u))
		u.Version = 1
	case "update":
		u.Version = before.Version + rapid.Int64Range(-1, 1).Draw(r, "version, off by")
		got, want = m.store.UpdateUser(m.ctx, u), m.conflict(u.Version != before.Version || m.taken(u))
		if !exists {
			want = auth.ErrNotFound
		}
		u.Version++
	case "rehash":
		old := rapid.SampledFrom(modelHashes()).Draw(r, "old hash")
		got, want = m.store.ReplaceHash(m.ctx, u.ID, old, u.PasswordHash), m.conflict(!exists || before.PasswordHash != old)
		before.PasswordHash = u.PasswordHash
		u = before
		u.Version++
	case "delete":
		got = m.store.DeleteUser(m.ctx, u.ID)
		if !exists {
			want = auth.ErrNotFound
		}
	}
	if !errors.Is(got, want) {
		r.Fatalf("the store says %v, want %v", got, want)
	}
	switch {
	case want != nil:
	case kind == "delete":
		delete(m.users, u.ID)
	default:
		m.users[u.ID] = u
	}
}

func (m *model) conflict(is bool) error {
	if is {
		return auth.ErrConflict
	}
	return nil
}

// taken reports whether another user has u's identifier.
func (m *model) taken(u auth.User) bool {
	holder, found := m.holder(u.Identifier)
	return found && holder.ID != u.ID
}

func (m *model) holder(id auth.Identifier) (auth.User, bool) {
	for _, u := range m.users {
		if u.Identifier == id {
			return u, true
		}
	}
	return auth.User{}, false
}

func (m *model) compare(r *rapid.T) {
	for _, name := range modelIDs() {
		want, exists := m.users[m.id(name)]
		got, err := m.store.UserByID(m.ctx, m.id(name))
		if found := err == nil; found != exists || diff(want, got) != "" {
			r.Errorf("user %s: %v (-want +got):\n%s", name, err, diff(want, got))
		}
	}
	for _, name := range modelNames() {
		want, exists := m.holder(m.identifier(name))
		got, err := m.store.UserByIdentifier(m.ctx, m.identifier(name))
		if found := err == nil; found != exists || diff(want, got) != "" {
			r.Errorf("identifier %s: %v (-want +got):\n%s", name, err, diff(want, got))
		}
		arrival, err := m.store.LookUp(m.ctx, auth.LookupQuery{Identifier: m.identifier(name)})
		if err != nil || arrival.UserID != want.ID {
			r.Errorf("LookUp(%s) = %q, %v, want %q", name, arrival.UserID, err, want.ID)
		}
	}
}
