package app_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/app"
	"latchkey/internal/authtest"
	"latchkey/internal/passkey"
)

// passkeySender sends a body to a path of the account function's handler, over SQLite, and fails unless the status is the wanted one.
type passkeySender func(b *testing.B, path, body string, status int) []byte

// passkeyServer has one user with a passkey.
func passkeyServer(b *testing.B) (*authtest.Authenticator, passkeySender) {
	b.Helper()
	k := authtest.NewKit(b, authtest.Ada())
	config, err := app.ConfigFrom(settings{"PASSKEY_RP": "example.com", "ALLOWED_ORIGINS": passkeyPage, "THROTTLE_SOURCE": "1000000/1h"}.get)
	if err != nil {
		b.Fatal(err)
	}
	key, factors := newPasskey(b, config)
	if err := k.Store.SetFactors(b.Context(), "ada", 1, factors, nil); err != nil {
		b.Fatal(err)
	}
	handler := app.AccountHandler(config, app.Ports{
		Store: k.Store, Passwords: k.Hasher, Passkeys: passkey.New(), Keys: k.Keyring, Tokens: k.Keyring, Log: slog.New(slog.DiscardHandler), Serial: true,
	})
	return key, func(b *testing.B, path, body string, status int) []byte {
		b.Helper()
		r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, r)
		if answer.Code != status {
			b.Fatalf("%s: %d %s", path, answer.Code, answer.Body)
		}
		return answer.Body.Bytes()
	}
}

func (send passkeySender) ask(b *testing.B) (asked askedPasskey) {
	b.Helper()
	if err := json.Unmarshal(send(b, planpointLogin+"/passkey/options", "{}", http.StatusOK), &asked); err != nil {
		b.Fatal(err)
	}
	return asked
}

// BenchmarkPasskeyRefused is a refusal of a passkey that a user has, with another key, and of an unknown one, by turns. The goal for their
// ratio is 1: whose passkeys there are must not show.
func BenchmarkPasskeyRefused(b *testing.B) {
	key, send := passkeyServer(b)
	known, unknown := *key, authtest.NewAuthenticator(b, -7, passkeyPage)
	known.Key, unknown.Handle = unknown.Key, []byte("handle of nobody")
	asked := send.ask(b)
	bodies := [2]string{asked.answered(known.Sign(b, asked.PublicKey)), asked.answered(unknown.Sign(b, asked.PublicKey))}
	var took [2][]time.Duration
	for b.Loop() {
		for i, body := range bodies {
			start := time.Now()
			send(b, planpointLogin+"/passkey", body, http.StatusUnauthorized)
			took[i] = append(took[i], time.Since(start))
		}
	}
	for _, times := range took {
		slices.Sort(times)
	}
	b.ReportMetric(float64(took[1][b.N/2])/float64(took[0][b.N/2]), "unknown/known-median")
}
