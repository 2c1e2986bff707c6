package authtest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"latchkey/internal/auth"
)

func racePromises() []promise {
	return []promise{
		{"one update for each version", raceUpdates},
		{"one new user gets the identifier", raceIdentifier},
		{"one new user gets the id", raceID},
		{"one mover gets the identifier", raceMoves},
		{"one rehash", raceHashes},
		{"one session gets the id", raceSessions},
	}
}

const racers = 8

// race starts all racers at once and returns the winner; the others must get ErrConflict.
func race(t *testing.T, attempt func(racer int) error) (winner int) {
	t.Helper()
	var start, done sync.WaitGroup
	errs := make([]error, racers)
	start.Add(1)
	for i := range racers {
		done.Go(func() {
			start.Wait()
			errs[i] = attempt(i)
		})
	}
	start.Done()
	done.Wait()
	wins := 0
	for i, err := range errs {
		switch {
		case err == nil:
			wins, winner = wins+1, i
		case !errors.Is(err, auth.ErrConflict):
			t.Errorf("racer %d: %v, want nil or a conflict", i, err)
		}
	}
	if wins != 1 {
		t.Fatalf("%d of %d won, want one", wins, racers)
	}
	return winner
}

func raceUpdates(t *testing.T, s Store) {
	u := create(t, s, Ada())
	for range 5 {
		entry := func(racer int) auth.User {
			mine := u
			mine.Role = fmt.Sprintf("racer %d", racer)
			mine.Identifier = Identifier(fmt.Sprintf("racer-%d-%d@example.com", racer, u.Version))
			return mine
		}
		winner := race(t, func(racer int) error { return s.UpdateUser(t.Context(), entry(racer)) })
		wantNobody(t, s, u.Identifier)
		for racer := range racers {
			if racer != winner {
				wantNobody(t, s, entry(racer).Identifier)
			}
		}
		u = entry(winner)
		u.Version++
		wantUser(t, s, u)
	}
}

func raceIdentifier(t *testing.T, s Store) {
	entry := func(racer int) auth.User {
		u := Ada()
		u.ID = fmt.Sprintf("racer-%d", racer)
		return u
	}
	winner := race(t, func(racer int) error { return s.CreateUser(t.Context(), entry(racer)) })
	for racer := range racers {
		if racer != winner {
			_, err := s.UserByID(t.Context(), entry(racer).ID)
			wantError(t, "UserByID of a loser", err, auth.ErrNotFound)
		}
	}
	u := entry(winner)
	u.Version = 1
	wantUser(t, s, u)
}

func raceID(t *testing.T, s Store) {
	entry := func(racer int) auth.User {
		u := NewUser(fmt.Sprintf("racer-%d", racer))
		u.ID = "one"
		return u
	}
	winner := race(t, func(racer int) error { return s.CreateUser(t.Context(), entry(racer)) })
	for racer := range racers {
		if racer != winner {
			wantNobody(t, s, entry(racer).Identifier)
		}
	}
	u := entry(winner)
	u.Version = 1
	wantUser(t, s, u)
}

func raceMoves(t *testing.T, s Store) {
	users := make([]auth.User, racers)
	for i := range users {
		users[i] = create(t, s, NewUser(fmt.Sprintf("racer-%d", i)))
	}
	prize := Identifier("prize@example.com")
	winner := race(t, func(racer int) error {
		u := users[racer]
		u.Identifier = prize
		return s.UpdateUser(t.Context(), u)
	})
	users[winner].Identifier = prize
	users[winner].Version++
	for _, u := range users {
		wantUser(t, s, u)
	}
}

func raceHashes(t *testing.T, s Store) {
	u := create(t, s, Ada())
	winner := race(t, func(racer int) error {
		return s.ReplaceHash(t.Context(), u.ID, u.PasswordHash, fmt.Sprintf("hash %d", racer))
	})
	u.PasswordHash = fmt.Sprintf("hash %d", winner)
	u.Version++
	wantUser(t, s, u)
}

func raceSessions(t *testing.T, s Store) {
	session := newSession("ada", "one")
	winner := race(t, func(racer int) error {
		mine := session
		mine.Nonce = fmt.Sprintf("racer %d", racer)
		return s.PutSession(t.Context(), mine)
	})
	session.Nonce = fmt.Sprintf("racer %d", winner)
	wantSession(t, s, session)
}
