package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/factor"
	"latchkey/internal/keyring"
	"latchkey/internal/lambdahttp"
	"latchkey/internal/passkey"
	"latchkey/internal/password"
	"latchkey/internal/sqlite"
	"latchkey/internal/token"
)

var update = flag.Bool("update", false, "write the wanted answers anew")

// TestEvents replays every event of events/login through the function's real handler, with a fixed clock, ids and
// RS256 key, so that answers compare byte for byte, tokens and cookies included.
func TestEvents(t *testing.T) {
	events, err := filepath.Glob("../../events/login/*.json")
	if err != nil || len(events) == 0 {
		t.Fatalf("no events found: %v", err)
	}
	for _, path := range events {
		if strings.HasSuffix(path, ".want.json") {
			continue
		}
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		t.Run(name, func(t *testing.T) {
			event, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := lambdahttp.Wrap(eventHandler(t, name)).Invoke(t.Context(), event)
			if err != nil {
				t.Fatalf("the function failed: %v", err)
			}
			compare(t, strings.TrimSuffix(path, ".json")+".want.json", indented(t, answer))
		})
	}
}

func compare(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; -update writes it", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("the answer changed (-want +got):\n%s", diff)
	}
}

func indented(t *testing.T, answer []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := json.Indent(&out, answer, "", "  "); err != nil {
		t.Fatalf("the answer is no JSON: %v\n%s", err, answer)
	}
	out.WriteByte('\n')
	return out.Bytes()
}

// eventHandler is the login function over a new store with eventUsers, as deployed behind the event's front door.
func eventHandler(t *testing.T, event string) http.Handler {
	t.Helper()
	config := eventConfigAt(t, eventIssuer(event))
	return app.LoginHandler(config, eventPorts(t, config, signedIn))
}

// signedIn is the time of events/login.
func signedIn() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

// eventPorts are the ports of the functions that hold the key ring, over a new store with eventUsers: with a fixed ring, and ids
// and random bytes that repeat.
func eventPorts(t *testing.T, config app.Config, now func() time.Time) app.Ports {
	t.Helper()
	ring, err := os.ReadFile("testdata/ring.json")
	if err != nil {
		t.Fatal(err)
	}
	hasher := password.New(config.PasswordHash, password.DefaultLimit(config.PasswordHash))
	keys := token.NewKeyring(fixedSource(ring), keyring.Parse, token.Config{Issuer: config.Issuer.String(), Audience: config.Audience, Now: now})
	store, ids := eventStore(t, hasher), 0
	addEventFactor(t, store, keys)
	addEventPasskey(t, store)
	return app.Ports{
		Store: store, Passwords: hasher, Passkeys: passkey.New(), Keys: keys, Tokens: keys, Log: slog.New(slog.DiscardHandler), Now: now,
		NewID:  func() string { ids++; return fmt.Sprintf("fixed-id-%013d", ids) },
		Random: rand.NewChaCha8([32]byte{}), Outbox: &authtest.Outbox{},
	}
}

// addEventFactor gives Hedy an authenticator app with the seed of RFC 6238, appendix B.
func addEventFactor(t *testing.T, store *sqlite.Store, keys auth.Keys) {
	t.Helper()
	id := eventUsers()[6].ID
	sealed, err := factor.NewVault(keys, rand.NewChaCha8([32]byte{1})).Seal(t.Context(), factor.Stored, id, []byte("12345678901234567890"))
	if err != nil {
		t.Fatal(err)
	}
	phone := auth.TOTP{ID: "phone", Name: "phone", Sealed: sealed, CreatedAt: authtest.Start()}
	if err := store.SetFactors(t.Context(), id, 1, auth.Factors{TOTP: []auth.TOTP{phone}}, nil); err != nil {
		t.Fatal(err)
	}
}

type fixedSource []byte

func (s fixedSource) Get(context.Context) ([]byte, error)     { return s, nil }
func (s fixedSource) Refresh(context.Context) ([]byte, error) { return s, nil }

const eventHost = "https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com"

// eventIssuer is the issuer that the template sets for the event's front door, which the event's name says; tokens and cookies
// depend on it.
func eventIssuer(event string) string {
	switch {
	case strings.HasSuffix(event, "-domain"):
		return "https://login.example.com"
	case strings.HasSuffix(event, "-base-path"):
		return "https://login.example.com/auth"
	case strings.HasPrefix(event, "rest-"):
		return eventHost + "/live"
	}
	return eventHost
}

func eventConfig(t *testing.T) app.Config {
	t.Helper()
	return eventConfigAt(t, eventHost)
}

func eventConfigAt(t *testing.T, issuer string) app.Config {
	t.Helper()
	settings := map[string]string{
		"LATCHKEY_STORE": "dynamodb:events", "LATCHKEY_KEYS": "secretsmanager:events",
		"LATCHKEY_ISSUER":             issuer,
		"LATCHKEY_PASSWORD_HASH":      "argon2id:m=64,t=1,p=1",
		"LATCHKEY_IMPERSONATOR_ROLES": "support",
		"LATCHKEY_FACTOR_ROLES":       "auditor",
		"LATCHKEY_ALLOWED_ORIGINS":    eventPage,
		"LATCHKEY_PASSKEY_RP":         "example.org",
		"LATCHKEY_RESET_URL":          "https://app.example.org/reset",
	}
	config, err := app.ConfigFrom(func(name string) string { return settings[name] })
	if err != nil {
		t.Fatal(err)
	}
	return config
}

func eventStore(t *testing.T, hasher *password.Hasher) *sqlite.Store {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "events.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	hash, err := hasher.Hash(t.Context(), "correct horse battery staple")
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range eventUsers() {
		u.PasswordHash = hash
		if u.Identifier, err = auth.ParseIdentifier(u.Email); err != nil {
			t.Fatal(err)
		}
		if err := store.CreateUser(t.Context(), auth.NewUser(u, authtest.Start())); err != nil {
			t.Fatal(err)
		}
	}
	client := auth.Client{
		KeyHash: auth.HashAPIKey("lk_Zm9yIGV2ZW50IGZpeHR1cmVzIG9ubHkgMDAwMDAwMDA"), Name: "events",
		Kind: auth.ClientIntegration,
	}
	if err := store.CreateClient(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	return store
}

// eventUsers has one user for each way a sign-in of the events can end.
func eventUsers() []auth.User {
	user := func(n int, email, role string, status auth.Status, accounts ...auth.Account) auth.User {
		return auth.User{
			ID: fmt.Sprintf("64b0%020x", n), Email: email, Role: role, Status: status, Accounts: accounts,
			Profile: auth.Profile{Name: "First", LastName: "Last", City: "Zürich", Projects: []string{"64b0000000000000000000aa"}},
		}
	}
	account := func(id, userType string) auth.Account {
		return auth.Account{ID: id, OrganizationID: "org-" + id, OrganizationName: "Works & Sons", UserType: userType}
	}
	return []auth.User{
		user(1, "ada@example.com", "editor", auth.StatusReady),
		user(2, "grace@example.com", "editor", auth.StatusReady,
			account("a1", "Organization Member"), account("a2", "Organization Owner")),
		user(3, "alan@example.com", "", auth.StatusReady, account("a3", "Organization Member")),
		user(4, "joan@example.com", "", auth.StatusPending),
		user(5, "dorothy@example.com", "", auth.StatusDisabled),
		user(6, "margaret@example.com", "support", auth.StatusReady),
		user(7, "hedy@example.com", "editor", auth.StatusReady, account("a4", "Organization Owner")),
		user(8, "mary@example.com", "auditor", auth.StatusReady),
		user(9, "rosalind@example.com", "editor", auth.StatusReady, account("a5", "Organization Owner")),
	}
}
