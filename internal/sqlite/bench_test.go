package sqlite_test

import (
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/sqlite"
)

// BenchmarkLogin is what one sign-in asks of the store, and each part of it; ns/op less the waits is CPU.
func BenchmarkLogin(b *testing.B) {
	const users = 2000
	s := open(b, filepath.Join(b.TempDir(), "store.db"))
	for i := range users {
		u := authtest.Grace()
		u.ID, u.Email = fmt.Sprintf("%024d", i), fmt.Sprintf("user-%d@example.com", i)
		u.Identifier = authtest.Identifier(u.Email)
		u.PasswordHash = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$c29tZWhhc2hzb21laGFzaHNvbWVoYXNoc29tZWhhc2g"
		u.Profile.CompanyName, u.Profile.City, u.Profile.Projects = "Navy", "Arlington", []string{"a", "b", "c"}
		must(b, s.CreateUser(b.Context(), u))
	}
	var n atomic.Int64
	next := func() (id string, identifier auth.Identifier) {
		i := n.Add(7919) % users
		return fmt.Sprintf("%024d", i), authtest.Identifier(fmt.Sprintf("user-%d@example.com", i))
	}
	for name, part := range map[string]func(id string, identifier auth.Identifier) error{
		"LookUp": func(_ string, identifier auth.Identifier) error {
			_, err := s.LookUp(b.Context(), auth.LookupQuery{Identifier: identifier})
			return err
		},
		"UserByID":   func(id string, _ auth.Identifier) error { _, err := s.UserByID(b.Context(), id); return err },
		"PutSession": func(id string, _ auth.Identifier) error { return s.PutSession(b.Context(), newSession(id)) },
		"whole":      func(_ string, identifier auth.Identifier) error { return login(b, s, identifier) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				must(b, part(next()))
			}
		})
	}
	b.Run("whole, parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				_, identifier := next()
				if err := login(b, s, identifier); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

func login(b *testing.B, s *sqlite.Store, identifier auth.Identifier) error {
	found, err := s.LookUp(b.Context(), auth.LookupQuery{Identifier: identifier})
	if err != nil {
		return err
	}
	if _, err := s.UserByID(b.Context(), found.UserID); err != nil {
		return err
	}
	return s.PutSession(b.Context(), newSession(found.UserID))
}

func newSession(userID string) auth.Session {
	now := time.Now()
	return auth.Session{
		ID: auth.NewID(), UserID: userID, Nonce: auth.NewID(), Generation: 1, PasswordEpoch: 1, Contract: "planpoint",
		Source: "192.0.2.1", CreatedAt: now, RotatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(time.Hour),
	}
}
