package authtest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/factor"
	"latchkey/internal/jwk"
	"latchkey/internal/keyring"
	"latchkey/internal/passkey"
	"latchkey/internal/password"
	"latchkey/internal/sqlite"
	"latchkey/internal/token"
)

// Password is what the users of a Kit sign in with.
const Password = "correct horse battery staple"

// Kit is everything that a sign-in needs, with real parts: the local store, hashes at the lowest cost, a key ring. Tests
// read its parts, and Before lets them act between a service and its ports.
type Kit struct {
	Store   Store
	Hasher  *password.Hasher
	Keyring *token.Keyring
	Clock   *Clock
	Log     *Log
	Serial  bool        // auth.Config.Serial of the services
	Outbox  auth.Outbox // of the services; nil: mail is off

	ctx    context.Context // the test's
	mu     sync.Mutex
	before func(call string) error
	calls  []string
}

// NewKit returns a kit over a new store with the users. When the test ends, the log must hold no password, no address and
// no other text that was passed to Log.Keep.
func NewKit(t testing.TB, users ...auth.User) *Kit {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "kit.db"))
	check(t, err)
	t.Cleanup(func() { store.Close() })
	return NewKitOver(t, store, users...)
}

// NewKitOver is NewKit over the given store, for promises that must hold on each store.
func NewKitOver(t testing.TB, store Store, users ...auth.User) *Kit {
	t.Helper()
	k := &Kit{
		ctx: t.Context(), Store: store, Clock: NewClock(), Log: newLog(t),
		Hasher: password.New(password.Params{Memory: 8, Time: 1, Threads: 1}, 0),
	}
	ring, err := keyring.New(jwk.ES256, Start())
	check(t, err)
	text, err := ring.Marshal()
	check(t, err)
	k.Keyring = token.NewKeyring(ringDocument(text), keyring.Parse, token.Config{
		Issuer: "https://login.example.com", Audience: "test", Now: k.Clock.Now,
	})
	k.Log.Keep(Password, "@example.com")
	k.Log.Keep(keyMaterial(t, text)...)
	k.Add(t, users...)
	return k
}

// keyMaterial returns the secret parts of a key ring document.
func keyMaterial(t testing.TB, document []byte) []string {
	t.Helper()
	var ring struct {
		Keys []struct {
			D string `json:"d"`
		} `json:"keys"`
		MACKey string `json:"macKey"`
	}
	check(t, json.Unmarshal(document, &ring))
	material := []string{ring.MACKey}
	for _, key := range ring.Keys {
		material = append(material, key.D)
	}
	return material
}

// Add stores the users, each with a hash of Password instead of their own.
func (k *Kit) Add(t testing.TB, users ...auth.User) {
	t.Helper()
	hash, err := k.Hasher.Hash(t.Context(), Password)
	check(t, err)
	k.Log.Keep(hash)
	for _, u := range users {
		u.PasswordHash = hash
		check(t, k.Store.CreateUser(t.Context(), u))
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Client stores an API client of the kind and returns its key.
func (k *Kit) Client(t testing.TB, kind auth.ClientKind, disabled bool) string {
	t.Helper()
	key := "lk_" + auth.NewID()
	k.Log.Keep(key, auth.HashAPIKey(key))
	check(t, k.Store.CreateClient(t.Context(), auth.Client{
		KeyHash: auth.HashAPIKey(key), Name: "test", Kind: kind, Disabled: disabled, CreatedAt: Start(),
	}))
	return key
}

// Service returns a service over the kit whose ids are random; if the rules do not say, sessions last a week.
func (k *Kit) Service(rules auth.Rules) *auth.Service { return auth.NewService(k.config(rules)) }

// Sessions returns auth.Sessions over the kit, with the defaults of Service.
func (k *Kit) Sessions(rules auth.Rules) *auth.Sessions { return auth.NewSessions(k.config(rules)) }

func (k *Kit) config(rules auth.Rules) auth.Config {
	return auth.Config{
		Store: k.StorePort(), Passwords: k.Passwords(), Keys: k.Keys(), Codes: factor.NewCodes(k.Keyring, rand.Reader), Passkeys: passkey.New(), Tokens: k.Tokens(), Rules: withTimes(rules),
		Choice: Choice(), Outbox: k.Outbox, Audit: k.Log.Sink(), Log: k.Log.Logger(), Now: k.Clock.Now, Serial: k.Serial,
	}
}

// ListedPassword is one that attackers try first, by the rules of Choice.
const ListedPassword = "a common passphrase"

// Choice returns the rules for passwords that the kit's users choose: those of a deployment, with a list of one.
func Choice() auth.PasswordRules {
	return auth.PasswordRules{Min: 15, Service: "login.example.com", Listed: func(password string) bool { return password == ListedPassword }}
}

// withTimes gives sessions a week if the rules do not say how long they last, and then a grace of 10 s.
func withTimes(rules auth.Rules) auth.Rules {
	if rules.SessionIdle == 0 {
		rules.SessionIdle, rules.SessionMax, rules.RefreshGrace = 7*24*time.Hour, 90*24*time.Hour, 10*time.Second
	}
	return rules
}

// StorePort is the kit's store for services and handlers: its calls are in Calls, and Before can fail them.
func (k *Kit) StorePort() auth.Store { return k.observer().Store(k.Store) }

// Passwords is the kit's hasher; see StorePort.
func (k *Kit) Passwords() auth.Passwords { return k.observer().Passwords(k.Hasher) }

// Keys is the key ring that signs; see StorePort.
func (k *Kit) Keys() auth.Keys { return k.observer().Keys(k.Keyring) }

// Tokens is the key ring that verifies; its one method is VerifyToken in Calls. See StorePort.
func (k *Kit) Tokens() auth.Verifier { return k.observer().Tokens(k.Keyring) }

// Update changes a stored user.
func (k *Kit) Update(t testing.TB, userID string, change func(*auth.User)) {
	t.Helper()
	u, err := k.Store.UserByID(t.Context(), userID)
	check(t, err)
	change(&u)
	check(t, k.Store.UpdateUser(t.Context(), u))
}

// Claims returns the claims of the access token, which the key ring verifies by the kit's clock.
func (k *Kit) Claims(t testing.TB, accessToken string) auth.Claims {
	t.Helper()
	claims, err := k.Keyring.Verify(t.Context(), accessToken)
	check(t, err)
	return claims
}

// Before makes every later call of a port call f first, with the method's name; an error of f is the result of the call.
// Nil ends that. Calls of one sign-in may be concurrent.
func (k *Kit) Before(f func(call string) error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.before = f
}

// Calls returns the names of the ports' methods that were called since the last Calls, in order.
func (k *Kit) Calls() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	calls := k.calls
	k.calls = nil
	return calls
}

// observer notes each call of a port and lets Before fail it.
func (k *Kit) observer() auth.Observer {
	return func(_ context.Context, call string) (func(), error) {
		k.mu.Lock()
		before := k.before
		k.calls = append(k.calls, call)
		k.mu.Unlock()
		if before == nil {
			return func() {}, nil
		}
		return func() {}, before(call)
	}
}

// ringDocument is a token.Source that never changes.
type ringDocument []byte

func (d ringDocument) Get(context.Context) ([]byte, error)     { return d, nil }
func (d ringDocument) Refresh(context.Context) ([]byte, error) { return d, nil }
