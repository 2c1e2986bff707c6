package app_test

import (
	"strings"
	"testing"
	"time"
)

// TestAccountEvents replays events/account, each in a new deployment after accountHistory.
func TestAccountEvents(t *testing.T) {
	t.Parallel()
	replay(t, "account", func(t *testing.T, name string, event []byte) ([]byte, error) {
		d, history := newDeployment(t), accountHistory()
		if strings.Contains(name, "passkey") {
			history = passkeyHistory()
		}
		d.replayPast(t, accountTime(), history)
		return d.functions["account"].Invoke(t.Context(), event)
	})
}

// accountTime is the time of events/account: late enough for a new code, and early enough for changes without another sign-in.
func accountTime() time.Time { return signedIn().Add(4 * time.Minute) }

// accountHistory is the list of events before each event of events/account; tokens, challenges and seeds depend on its order.
func accountHistory() []pastEvent {
	const signedIn = 4 * time.Minute
	return []pastEvent{
		{6 * time.Minute, "login", "planpoint-success"}, // too long ago for a change
		{signedIn, "login", "planpoint-success"},
		{signedIn, "login", "planpoint-code"},
		{signedIn, "login", "planpoint-challenge"},
		{signedIn, "login", "organization-challenge"},
		{signedIn, "login", "planpoint-must-enroll"},
		{signedIn, "login", "planpoint-impersonation"},
		{signedIn, "login", "planpoint-integration"},
		{time.Minute, "account", "recovery"},
		{time.Minute, "account", "totp"},
		{time.Minute, "account", "totp-enroll"},
		{signedIn, "login", "organization-success"},
	}
}
