package sqlite_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/sqlite"
)

// raw returns the driver's own handle of the file, which it creates for its owner only if it is missing.
func raw(t *testing.T, path string, statements ...string) *sql.DB {
	t.Helper()
	if f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL, 0o600); err == nil {
		f.Close()
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1)
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	return db
}

func TestOpenReadsVersion1(t *testing.T) {
	fixture, err := os.ReadFile("testdata/version1.sql")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "store.db")
	raw(t, path, string(fixture)).Close()
	s := open(t, path)

	start := authtest.Start()
	wantUser := authtest.Grace()
	wantUser.Email, wantUser.PasswordHash, wantUser.Role = "Grace@Example.com", "$argon2id$", "admin"
	wantUser.PasswordEpoch, wantUser.Version = 2, 5
	wantUser.CreatedAt, wantUser.UpdatedAt = time.UnixMilli(1767323045678).UTC(), time.UnixMilli(1767323046000).UTC()
	wantUser.Accounts[0].GroupID, wantUser.Accounts[0].CustomSubdomain = "", ""
	wantUser.Profile = auth.Profile{
		FullName: "Grace Hopper", Projects: []string{"cobol"}, Preferences: auth.Preferences{HideBrandingIcon: true},
	}
	got, err := s.UserByIdentifier(t.Context(), wantUser.Identifier)
	if d := cmp.Diff(wantUser, got, cmpopts.EquateComparable(auth.Identifier{})); err != nil || d != "" {
		t.Errorf("user: %v (-want +got):\n%s", err, d)
	}

	wantClients := []auth.Client{{KeyHash: "00ff", Name: "site", Kind: auth.ClientIntegration, Disabled: true, CreatedAt: start}}
	clients, err := s.AllClients(t.Context())
	if d := cmp.Diff(wantClients, clients); err != nil || d != "" {
		t.Errorf("clients: %v (-want +got):\n%s", err, d)
	}

	wantSession := auth.Session{
		ID: "s1", UserID: "grace", Nonce: "nonce", Generation: 3, PasswordEpoch: 2, Contract: "planpoint", Client: "00ff",
		Source: "192.0.2.1", ActorID: "ada", CreatedAt: start, RotatedAt: start.Add(time.Millisecond),
		LastUsedAt: start.Add(2 * time.Millisecond), ExpiresAt: start.Add(3 * time.Millisecond),
	}
	session, err := s.Session(t.Context(), "grace", "s1")
	if d := cmp.Diff(wantSession, session); err != nil || d != "" {
		t.Errorf("session: %v (-want +got):\n%s", err, d)
	}
}

func TestUpgradeTakesTheStepsThatAreMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	if err := open(t, path).CreateUser(t.Context(), authtest.Ada()); err != nil {
		t.Fatal(err)
	}
	db := raw(t, path)
	steps := append(sqlite.Schema(),
		"CREATE TABLE second (n INTEGER); INSERT INTO second VALUES (1)", "ALTER TABLE second ADD COLUMN m INTEGER")
	for range 2 { // the second time none is missing
		if err := sqlite.Upgrade(db, steps); err != nil {
			t.Fatal(err)
		}
	}
	var version, users, rows int
	if err := db.QueryRow(`SELECT user_version, (SELECT count(*) FROM users), (SELECT count(n) + count(m) FROM second)
		FROM pragma_user_version`).Scan(&version, &users, &rows); err != nil {
		t.Fatal(err)
	}
	if version != len(steps) || users != 1 || rows != 1 {
		t.Errorf("version %d with %d users and %d new values, want %d, 1, 1", version, users, rows, len(steps))
	}
}

func TestUpgradeThatFailsChangesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	if err := open(t, path).CreateUser(t.Context(), authtest.Ada()); err != nil {
		t.Fatal(err)
	}
	steps := append(sqlite.Schema(), "CREATE TABLE second (n INTEGER); DROP TABLE clients", "no SQL")
	err := sqlite.Upgrade(raw(t, path), steps)
	have := len(sqlite.Schema())
	want := fmt.Sprintf("upgrade from version %d: step %d", have, have+2)
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Upgrade: %v, want an error that names version and step", err)
	}
	s := open(t, path)
	if _, err := s.UserByID(t.Context(), authtest.Ada().ID); err != nil {
		t.Error(err)
	}
	if _, err := s.AllClients(t.Context()); err != nil {
		t.Error(err)
	}
}
