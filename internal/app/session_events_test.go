package app_test

import (
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"latchkey/internal/app"
	"latchkey/internal/keyring"
	"latchkey/internal/lambdahttp"
	"latchkey/internal/password"
	"latchkey/internal/token"
)

// TestSessionEvents replays events/session, each in a new deployment after sessionHistory.
func TestSessionEvents(t *testing.T) {
	t.Parallel()
	replay(t, "session", func(t *testing.T, _ string, event []byte) ([]byte, error) {
		d := newDeployment(t)
		for _, past := range sessionHistory() {
			d.now = sessionTime().Add(-past.ago)
			d.invoke(t, past.function, past.event)
		}
		d.now = sessionTime()
		return d.functions["session"].Invoke(t.Context(), event)
	})
}

// sessionTime is the time of events/session: half an hour after the sign-ins of events/login.
func sessionTime() time.Time { return time.Date(2026, 1, 2, 3, 34, 5, 0, time.UTC) }

type pastEvent struct {
	ago             time.Duration
	function, event string
}

// sessionHistory is the list of events before each event of events/session; the ids in the tokens depend on its order.
func sessionHistory() []pastEvent {
	const signedIn = 30 * time.Minute
	return []pastEvent{
		{25 * time.Hour, "login", "planpoint-success"}, // its access token has expired by now
		{signedIn, "login", "planpoint-success"},
		{signedIn, "login", "planpoint-success-ipv6"},
		{signedIn, "login", "organization-success"},
		{signedIn, "login", "planpoint-success"},
		{signedIn, "login", "planpoint-success"},
		{5 * time.Minute, "login", "planpoint-impersonation"},
		{time.Minute, "session", "refresh-replayed"},
		{5 * time.Second, "session", "refresh-within-grace"},
	}
}

// deployment is the login and the session function over one store, with a fixed clock, ids and key ring.
type deployment struct {
	now       time.Time
	functions map[string]*lambdahttp.Adapter
}

func newDeployment(t *testing.T) *deployment {
	t.Helper()
	ring, err := os.ReadFile("testdata/ring.json")
	if err != nil {
		t.Fatal(err)
	}
	d, config, ids := &deployment{}, eventConfig(t), 0
	now := func() time.Time { return d.now }
	hasher := password.New(config.PasswordHash, password.DefaultLimit(config.PasswordHash))
	store := eventStore(t, hasher)
	keys := token.NewKeyring(fixedSource(ring), keyring.Parse, token.Config{Issuer: config.Issuer.String(), Audience: config.Audience, Now: now})
	ports := app.Ports{
		Store: store, Passwords: hasher, Keys: keys, Tokens: keys,
		Log: slog.New(slog.DiscardHandler), Now: now,
		NewID: func() string { ids++; return fmt.Sprintf("fixed-id-%013d", ids) },
	}
	d.functions = map[string]*lambdahttp.Adapter{
		"login": lambdahttp.Wrap(app.LoginHandler(config, ports)), "session": lambdahttp.Wrap(app.SessionHandler(config, ports)),
	}
	return d
}

func (d *deployment) invoke(t *testing.T, function, name string) {
	t.Helper()
	event, err := os.ReadFile("../../events/" + function + "/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.functions[function].Invoke(t.Context(), event); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}
