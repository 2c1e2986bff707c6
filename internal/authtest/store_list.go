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
	return []promise{
		{"nobody", listNobody},
		{"every user once", listEveryUser},
		{"the caller stops", listStops},
		{"the context ends meanwhile", listContextEnds},
		{"the store is used meanwhile", listUsed},
	}
}

// crowd is more users than one page of any sensible store, in size (DynamoDB reads 1 MB at a time) and in number.
const crowd = 320

func createCrowd(t *testing.T, s Store) map[string]auth.User {
	t.Helper()
	users := map[string]auth.User{}
	var creating errgroup.Group
	creating.SetLimit(8)
	for i := range crowd {
		u := NewUser(fmt.Sprintf("user-%03d", i))
		u.Profile.CompanyName = strings.Repeat("x", 4000)
		creating.Go(func() error { return s.CreateUser(t.Context(), u) })
		u.Version = 1
		users[u.ID] = u
	}
	if err := creating.Wait(); err != nil {
		t.Fatalf("CreateUser: %v", err)
	}
	return users
}

func listNobody(t *testing.T, s Store) {
	createClient(t, s, newClient("site"))
	put(t, s, newSession("ada", "s1"))
	for u, err := range s.AllUsers(t.Context()) {
		t.Errorf("AllUsers of an empty store yielded %q, %v", u.ID, err)
	}
}

func listEveryUser(t *testing.T, s Store) {
	want := createCrowd(t, s)
	createClient(t, s, newClient("site"))
	put(t, s, newSession("user-000", "s1"))
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

func listStops(t *testing.T, s Store) {
	createCrowd(t, s)
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
	wantUser(t, s, create(t, s, Ada())) // nothing is left locked
}

func listContextEnds(t *testing.T, s Store) {
	createCrowd(t, s)
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
	createCrowd(t, s)
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
