package auth_test

import (
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

func TestHashAPIKey(t *testing.T) {
	// FIPS 180-4's own example: stored hashes of keys must stay valid forever.
	const want = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	if got := auth.HashAPIKey("abc"); got != want {
		t.Errorf("HashAPIKey = %s, want %s", got, want)
	}
	if got := (auth.Client{KeyHash: want}).ID(); got != want[:16] {
		t.Errorf("ID = %q, want the first 16 digits", got)
	}
	if got := (auth.Client{}).ID(); got != "" {
		t.Errorf("ID of the zero client = %q", got)
	}
}

func TestClientKindValid(t *testing.T) {
	for kind, want := range map[auth.ClientKind]bool{
		auth.ClientStandard: true, auth.ClientIntegration: true, "": false, "Standard": false, "zapier": false,
	} {
		if kind.Valid() != want {
			t.Errorf("ClientKind(%q).Valid() = %t", kind, !want)
		}
	}
}

// TestClientWorks promises that a key works until it expires, and a disabled one not at all.
func TestClientWorks(t *testing.T) {
	now := authtest.Start()
	for _, test := range []struct {
		client auth.Client
		want   bool
	}{
		{auth.Client{}, true},
		{auth.Client{Disabled: true}, false},
		{auth.Client{ExpiresAt: now.Add(time.Millisecond)}, true},
		{auth.Client{ExpiresAt: now}, false},
		{auth.Client{ExpiresAt: now.Add(-time.Hour)}, false},
		{auth.Client{ExpiresAt: now.Add(time.Hour), Disabled: true}, false},
	} {
		if got := test.client.Works(now); got != test.want {
			t.Errorf("%+v works: %v", test.client, got)
		}
	}
}
