package authtest

import (
	"testing"

	"latchkey/internal/auth"
)

func lookUpPromises() []promise {
	return []promise{
		{"unknown is zero", lookUpUnknown},
		{"identifier and key", lookUpBoth},
		{"disabled client", lookUpDisabled},
	}
}

func newClient(name string) auth.Client {
	return auth.Client{
		KeyHash: auth.HashAPIKey(name), Name: name, Kind: auth.ClientStandard, CreatedAt: Start(),
	}
}

func createClient(t *testing.T, s Store, c auth.Client) auth.Client {
	t.Helper()
	if err := s.CreateClient(t.Context(), c); err != nil {
		t.Fatalf("CreateClient(%q): %v", c.Name, err)
	}
	return c
}

func lookUpUnknown(t *testing.T, s Store) {
	known, key := create(t, s, Ada()), createClient(t, s, newClient("site")).KeyHash
	for _, id := range []auth.Identifier{{}, Identifier("nobody@example.com"), Identifier("ad@example.com")} {
		for _, keyHash := range []string{"", auth.HashAPIKey("unknown"), key[:63], known.ID, "site"} {
			wantLookUp(t, s, id, keyHash, auth.LookupResult{})
		}
	}
}

func lookUpBoth(t *testing.T, s Store) {
	ada := create(t, s, Ada())
	create(t, s, Joan())
	site := createClient(t, s, newClient("site"))
	zap := newClient("zap")
	zap.Kind = auth.ClientIntegration
	createClient(t, s, zap)

	unknown := auth.HashAPIKey("unknown")
	wantLookUp(t, s, ada.Identifier, site.KeyHash, auth.LookupResult{UserID: ada.ID, Client: site})
	wantLookUp(t, s, ada.Identifier, zap.KeyHash, auth.LookupResult{UserID: ada.ID, Client: zap})
	wantLookUp(t, s, ada.Identifier, "", auth.LookupResult{UserID: ada.ID})
	wantLookUp(t, s, ada.Identifier, unknown, auth.LookupResult{UserID: ada.ID})
	wantLookUp(t, s, auth.Identifier{}, site.KeyHash, auth.LookupResult{Client: site})
	wantLookUp(t, s, Identifier("nobody@example.com"), site.KeyHash, auth.LookupResult{Client: site})
	wantLookUp(t, s, Joan().Identifier, "", auth.LookupResult{UserID: Joan().ID}) // whatever the status
}

func lookUpDisabled(t *testing.T, s Store) {
	ada, site := create(t, s, Ada()), createClient(t, s, newClient("site"))
	if err := s.DisableClient(t.Context(), site.KeyHash); err != nil {
		t.Fatal(err)
	}
	site.Disabled = true
	wantLookUp(t, s, ada.Identifier, site.KeyHash, auth.LookupResult{UserID: ada.ID, Client: site})
}
