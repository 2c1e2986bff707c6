package sqlite_test

import (
	"path/filepath"
	"testing"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
)

// TestAbsentUsersCostTheSame promises, by the allocator's count, that reading a missing user is about as much work as reading a
// stored one: the time of a sign-in must not reveal who is a user.
func TestAbsentUsersCostTheSame(t *testing.T) {
	store := open(t, filepath.Join(t.TempDir(), "store.db"))
	grace := authtest.Grace()
	grace.Profile = auth.Profile{
		Name: "Grace", LastName: "Hopper", CompanyName: "COBOL Works", Country: "US", City: "New York", Projects: []string{"p1", "p2"},
	}
	if err := store.CreateUser(t.Context(), grace); err != nil {
		t.Fatal(err)
	}
	work := func(id string) float64 {
		return testing.AllocsPerRun(100, func() { store.UserByID(t.Context(), id) })
	}
	there, absent := work("grace"), work("nobody")
	if absent < 0.8*there || absent > 1.2*there {
		t.Errorf("%g allocations for a user who is not there, %g for one who is", absent, there)
	}
}
