package app_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/sqlite"
)

// eventPage is the page of the passkeys in events/account.
const eventPage = "https://app.example.org"

// eventAuthenticator returns an authenticator whose signatures are the same each time.
func eventAuthenticator(name string) *authtest.Authenticator {
	seed := make([]byte, ed25519.SeedSize)
	copy(seed, name)
	return &authtest.Authenticator{
		Key: ed25519.NewKeyFromSeed(seed), CredentialID: []byte("credential of " + name), Flags: authtest.UserPresent | authtest.UserVerified, Origin: eventPage,
	}
}

// eventPasskey is the one of Rosalind.
func eventPasskey() *authtest.Authenticator {
	a := eventAuthenticator("rosalind")
	a.Handle = []byte("handle: rosalind")
	return a
}

// addEventPasskey gives Rosalind a passkey.
func addEventPasskey(t *testing.T, store *sqlite.Store) {
	t.Helper()
	a := eventPasskey()
	laptop := auth.Passkey{
		ID: "laptop", Name: "laptop", CredentialID: a.CredentialID, PublicKey: a.PublicKey(), RelyingParty: "example.org", CreatedAt: authtest.Start(),
	}
	factors := auth.Factors{Handle: base64.RawURLEncoding.EncodeToString(a.Handle), Passkeys: []auth.Passkey{laptop}}
	check(t, store.SetFactors(t.Context(), eventUsers()[8].ID, 1, factors, nil))
}

// passkeyHistory is the list of events before each event about passkeys: it asks for the two challenges that they answer.
func passkeyHistory() []pastEvent {
	return append(accountHistory(), pastEvent{time.Minute, "account", "passkey-options"}, pastEvent{time.Minute, "account", "passkey-login-options"})
}

// TestPasskeyEvents promises that the events that answer a challenge of passkeyHistory hold what the authenticators say to it; -update writes
// them again where that history has grown.
func TestPasskeyEvents(t *testing.T) {
	asked := eventChallenges(t)
	creation, request := asked["passkey-options"], asked["passkey-login-options"]
	wrong := eventPasskey()
	wrong.Key = eventAuthenticator("stranger").Key
	signed := func(a *authtest.Authenticator) string { return request.answered(a.Sign(t, request.PublicKey)) }
	for name, body := range map[string]string{
		"passkey-add": fmt.Sprintf(`{"challenge":"%s","credential":%s,"name":"laptop"}`, creation.Challenge,
			eventAuthenticator("ada").Create(t, creation.PublicKey)),
		"passkey-login": signed(eventPasskey()), "passkey-login-organization": signed(eventPasskey()), "rest-passkey-login": signed(eventPasskey()),
		"passkey-login-wrong-key": signed(wrong),
	} {
		path := "../../events/account/" + name + ".json"
		event, err := os.ReadFile(path)
		check(t, err)
		compare(t, path, withBody(t, event, body))
	}
}

// withBody returns the event with another body, in base64 if the event's is.
func withBody(t *testing.T, event []byte, body string) []byte {
	t.Helper()
	length := len(body)
	if bytes.Contains(event, []byte(`"isBase64Encoded": true`)) {
		body = base64.StdEncoding.EncodeToString([]byte(body))
	}
	quoted, err := json.Marshal(body)
	check(t, err)
	event = regexp.MustCompile(`(?m)^  "body": .*$`).ReplaceAllLiteral(event, []byte(`  "body": `+string(quoted)+`,`))
	return regexp.MustCompile(`("content-length": )"\d+"`).ReplaceAll(event, fmt.Appendf(nil, `$1"%d"`, length))
}

// eventChallenges returns what the account function asks for in passkeyHistory, by the names of its events.
func eventChallenges(t *testing.T) map[string]askedPasskey {
	t.Helper()
	d, asked := newDeployment(t), map[string]askedPasskey{}
	for _, p := range passkeyHistory() {
		d.now = accountTime().Add(-p.ago)
		event, err := os.ReadFile("../../events/" + p.function + "/" + p.event + ".json")
		check(t, err)
		answer, err := d.functions[p.function].Invoke(t.Context(), event)
		check(t, err)
		var answered struct{ Body string }
		var a askedPasskey
		check(t, json.Unmarshal(answer, &answered))
		if json.Unmarshal([]byte(answered.Body), &a) == nil && a.PublicKey.Challenge != "" {
			asked[p.event] = a
		}
	}
	return asked
}
