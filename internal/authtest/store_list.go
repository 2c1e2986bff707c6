package authtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"latchkey/internal/auth"
)

func listPromises() []promise {
	return []promise{{"nobody", listNobody}, {"crowd", listCrowd}}
}

// crowd is more users than one page of a store has, in size (DynamoDB reads 1 MB at a time) and in number.
const crowd = 320

func createCrowd(t *testing.T, s Store) map[string]auth.User {
	t.Helper()
	users := map[string]auth.User{}
	var creating errgroup.Group
	creating.SetLimit(8)
	for i := range crowd {
		u := NewUser(fmt.Sprintf("user-%03d", i))
		u.Profile.CompanyName, u.Version = strings.Repeat("x", 4000), 1
		users[u.ID] = u
		creating.Go(func() error { return s.CreateUser(t.Context(), u) })
	}
	if err := creating.Wait(); err != nil {
		t.Fatalf("CreateUser: %v", err)
	}
	return users
}

// listCrowd checks all promises of AllUsers on one crowd, because creating it takes longer than listing.
func listCrowd(t *testing.T, s Store) {
	users := createCrowd(t, s)
	createClient(t, s, newClient("site"))
	put(t, s, newSession("user-000", "s1"))
	t.Run("every user once", func(t *testing.T) { listEveryUser(t, s, users) })
	t.Run("the caller stops", func(t *testing.T) { listStops(t, s, users) })
	t.Run("the context ends meanwhile", func(t *testing.T) { listContextEnds(t, s) })
	t.Run("the store is used meanwhile", func(t *testing.T) { listUsed(t, s) })
}

func listNobody(t *testing.T, s Store) {
	createClient(t, s, newClient("site"))
	put(t, s, newSession("ada", "s1"))
	for u, err := range s.AllUsers(t.Context()) {
		t.Errorf("AllUsers of an empty store yielded %q, %v", u.ID, err)
	}
}

func listEveryUser(t *testing.T, s Store, want map[string]auth.User) {
	for range 2 { // one sequence can be walked twice
		got := map[string]auth.User{}
		for u, err := range s.AllUsers(t.Context()) {
			if err != nil {
				t.Fatalf("AllUsers: %v", err)
			}
			if _, twice := got[u.ID]; twice {
				t.Errorf("AllUsers yielded %q twice", u.ID)
			}
			got[u.ID] = u
		}
		if d := diff(want, got); d != "" {
			t.Errorf("AllUsers differs (-want +got):\n%s", d)
		}
	}
}

func listStops(t *testing.T, s Store, users map[string]auth.User) {
	for _, after := range []int{1, crowd / 2} {
		seen := 0
		for _, err := range s.AllUsers(t.Context()) {
			if err != nil {
				t.Fatalf("AllUsers: %v", err)
			}
			if seen++; seen == after {
				break
			}
		}
	}
	u := users["user-000"]
	u.Role = "changed" // nothing is left locked
	wantUser(t, s, update(t, s, u))
}

func listContextEnds(t *testing.T, s Store) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	seen, errs := 0, 0
	for _, err := range s.AllUsers(ctx) {
		if err == nil {
			seen++
			cancel()
			continue
		}
		errs++
		if !errors.Is(err, context.Canceled) {
			t.Errorf("AllUsers after cancel: %v", err)
		}
	}
	if seen == 0 || seen == crowd || errs != 1 {
		t.Errorf("AllUsers yielded %d of %d users and %d errors, want some users and one error last", seen, crowd, errs)
	}
}

func listUsed(t *testing.T, s Store) {
	seen := map[string]bool{}
	for u, err := range s.AllUsers(t.Context()) {
		if err != nil {
			t.Fatalf("AllUsers: %v", err)
		}
		if seen[u.ID] {
			t.Fatalf("AllUsers yielded %q twice", u.ID)
		}
		seen[u.ID] = true
		u.Role = "seen"
		update(t, s, u)
	}
	if len(seen) != crowd {
		t.Errorf("AllUsers yielded %d users, want %d", len(seen), crowd)
	}
}
