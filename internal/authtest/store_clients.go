package authtest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"latchkey/internal/auth"
)

func clientPromises() []promise {
	return []promise{
		{"every field", clientFields},
		{"key taken", clientTaken},
		{"oldest first", clientList},
		{"disable", clientDisable},
		{"expire", clientExpire},
	}
}

func wantClients(t *testing.T, s Store, want ...auth.Client) {
	t.Helper()
	got, err := s.AllClients(t.Context())
	if err != nil {
		t.Fatalf("AllClients: %v", err)
	}
	if d := diff(want, got); d != "" {
		t.Errorf("AllClients differs (-want +got):\n%s", d)
	}
}

func clientFields(t *testing.T, s Store) {
	wantClients(t, s)
	full := createClient(t, s, Filled[auth.Client]())
	wantClients(t, s, full)
	wantLookUp(t, s, auth.Identifier{}, full.KeyHash, auth.LookupResult{Client: full})
}

func clientTaken(t *testing.T, s Store) {
	site := createClient(t, s, newClient("site"))
	second := newClient("second")
	second.KeyHash = site.KeyHash
	wantError(t, "CreateClient", s.CreateClient(t.Context(), second), auth.ErrConflict)
	wantClients(t, s, site)

	sameName := newClient("other key")
	sameName.Name, sameName.CreatedAt = site.Name, site.CreatedAt.Add(time.Second) // names are not unique
	wantClients(t, s, site, createClient(t, s, sameName))
}

func clientList(t *testing.T, s Store) {
	var want []auth.Client
	for i := range 30 { // created in an order that is neither by time nor by hash
		c := newClient(fmt.Sprintf("client %d", i))
		c.CreatedAt = Start().Add(time.Duration(i*7%30) * time.Millisecond)
		want = append(want, createClient(t, s, c))
	}
	slices.SortFunc(want, func(a, b auth.Client) int { return a.CreatedAt.Compare(b.CreatedAt) })
	wantClients(t, s, want...)
}

func clientDisable(t *testing.T, s Store) {
	site, other := newClient("site"), newClient("other")
	other.CreatedAt = site.CreatedAt.Add(time.Millisecond)
	createClient(t, s, site)
	createClient(t, s, other)
	site.Disabled = true
	for range 2 { // a second call succeeds too
		if err := s.DisableClient(t.Context(), site.KeyHash); err != nil {
			t.Fatalf("DisableClient: %v", err)
		}
		wantClients(t, s, site, other)
	}
	err := s.DisableClient(t.Context(), auth.HashAPIKey("unknown"))
	wantError(t, "DisableClient of an unknown key", err, auth.ErrNotFound)
	wantClients(t, s, site, other)
}

func clientExpire(t *testing.T, s Store) {
	site, other := newClient("site"), newClient("other")
	other.CreatedAt = site.CreatedAt.Add(time.Millisecond)
	createClient(t, s, site)
	createClient(t, s, other)
	for _, later := range []time.Duration{time.Hour, time.Millisecond} { // the second call replaces the first
		site.ExpiresAt = Start().Add(later)
		if err := s.ExpireClient(t.Context(), site.KeyHash, site.ExpiresAt); err != nil {
			t.Fatalf("ExpireClient: %v", err)
		}
		wantClients(t, s, site, other)
		wantLookUp(t, s, auth.Identifier{}, site.KeyHash, auth.LookupResult{Client: site})
	}
	err := s.ExpireClient(t.Context(), auth.HashAPIKey("unknown"), Start())
	wantError(t, "ExpireClient of an unknown key", err, auth.ErrNotFound)
	wantClients(t, s, site, other)
}
