package app_test

import (
	"os"
	"testing"
	"time"

	"latchkey/internal/app"
	"latchkey/internal/lambdahttp"
)

// TestSessionEvents replays events/session, each in a new deployment after sessionHistory.
func TestSessionEvents(t *testing.T) {
	t.Parallel()
	replay(t, "session", func(t *testing.T, _ string, event []byte) ([]byte, error) {
		d := newDeployment(t)
		d.replayPast(t, sessionTime(), sessionHistory())
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
		{15 * time.Minute, "session", "refresh-replayed"}, // longer than REFRESH_RETRY
		{5 * time.Second, "session", "refresh-within-grace"},
	}
}

// deployment is the functions that hold the key ring over one store, with a fixed clock, ids and key ring.
type deployment struct {
	now       time.Time
	functions map[string]*lambdahttp.Adapter
}

func newDeployment(t *testing.T) *deployment {
	t.Helper()
	d, config := &deployment{}, eventConfig(t)
	ports := eventPorts(t, config, func() time.Time { return d.now })
	d.functions = map[string]*lambdahttp.Adapter{
		"login": lambdahttp.Wrap(app.LoginHandler(config, ports)), "session": lambdahttp.Wrap(app.SessionHandler(config, ports)),
		"account": lambdahttp.Wrap(app.AccountHandler(config, ports)),
	}
	return d
}

// replayPast sends the past events, each at its time before now, and leaves the clock at now.
func (d *deployment) replayPast(t *testing.T, now time.Time, past []pastEvent) {
	t.Helper()
	for _, p := range past {
		d.now = now.Add(-p.ago)
		d.invoke(t, p.function, p.event)
	}
	d.now = now
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
