package app_test

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/lambdahttp"
	"latchkey/internal/password"
)

// replay runs every event of events/<function> and compares the answers byte for byte; an error is written as
// {"errorMessage"}, as Lambda reports it.
func replay(t *testing.T, function string, invoke func(t *testing.T, name string, event []byte) ([]byte, error)) {
	t.Helper()
	events, err := filepath.Glob("../../events/" + function + "/*.json")
	if err != nil || len(events) == 0 {
		t.Fatalf("no events found: %v", err)
	}
	for _, path := range events {
		path, wanted := strings.CutSuffix(strings.TrimSuffix(path, ".json"), ".want")
		if wanted {
			continue
		}
		t.Run(filepath.Base(path), func(t *testing.T) {
			event, err := os.ReadFile(path + ".json")
			if err != nil {
				t.Fatal(err)
			}
			answer, err := invoke(t, filepath.Base(path), event)
			if err != nil {
				answer, _ = json.Marshal(map[string]string{"errorMessage": err.Error()})
			}
			compare(t, path+".want.json", indented(t, answer))
		})
	}
}

// publicPorts are the ports of the functions that know only the ring's public keys, half an hour after the sign-ins of
// events/login. Ada is signed in, Grace has signed out.
func publicPorts(t *testing.T) app.Ports {
	t.Helper()
	ring, err := os.ReadFile("testdata/ring.json")
	if err != nil {
		t.Fatal(err)
	}
	config, signedIn := eventConfig(t), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	store := eventStore(t, password.New(config.PasswordHash, password.DefaultLimit(config.PasswordHash)))
	if err := store.PutSession(t.Context(), auth.Session{
		ID: "zz019b7ca98c88fixed-id-0000000000001", UserID: eventUsers()[0].ID, Contract: "planpoint", Generation: 1,
		PasswordEpoch: auth.NewUser(auth.User{}, authtest.Start()).PasswordEpoch,
		CreatedAt:     signedIn, RotatedAt: signedIn, LastUsedAt: signedIn, ExpiresAt: signedIn.Add(7 * 24 * time.Hour),
	}); err != nil {
		t.Fatal(err)
	}
	return app.Ports{
		Store: store, PublicKeys: app.CachedPublicKeys(app.RingPublicKeys(fixedSource(ring))),
		Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return signedIn.Add(30 * time.Minute) },
	}
}

// TestKeysEvents replays events/keys.
func TestKeysEvents(t *testing.T) {
	ports := publicPorts(t)
	replay(t, "keys", func(t *testing.T, name string, event []byte) ([]byte, error) {
		handler := app.KeysHandler(eventConfigAt(t, eventIssuer(name)), ports)
		return lambdahttp.Wrap(handler).Invoke(t.Context(), event)
	})
}

// TestAuthorizerEvents replays events/authorizer with tokens from the answers of events/login; for some events, by their
// names, the deployment answers policies.
func TestAuthorizerEvents(t *testing.T) {
	config, ports := eventConfig(t), publicPorts(t)
	policies := config
	policies.AuthorizerResponse = "policy"
	replay(t, "authorizer", func(t *testing.T, name string, event []byte) ([]byte, error) {
		if strings.Contains(name, "-policy") {
			return app.NewAuthorizer(policies, ports).Invoke(t.Context(), event)
		}
		return app.NewAuthorizer(config, ports).Invoke(t.Context(), event)
	})
}
