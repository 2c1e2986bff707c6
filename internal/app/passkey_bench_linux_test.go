package app_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"latchkey/internal/app"
	"latchkey/internal/authtest"
	"latchkey/internal/passkey"
)

// BenchmarkPasskey is a whole sign-in with a passkey by the account function's handler, over SQLite, without what the browser does: cpu-ms is
// the processor time of both calls, and the goal is at most 1.
func BenchmarkPasskey(b *testing.B) {
	k := authtest.NewKit(b, authtest.Ada())
	config, err := app.ConfigFrom(settings{"PASSKEY_RP": "example.com", "ALLOWED_ORIGINS": passkeyPage}.get)
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
	send := func(path, body string) []byte {
		r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, r)
		if answer.Code != http.StatusOK {
			b.Fatalf("%s: %d %s", path, answer.Code, answer.Body)
		}
		return answer.Body.Bytes()
	}
	var spent time.Duration
	for b.Loop() {
		start := processorTime(b)
		var asked askedPasskey
		if err := json.Unmarshal(send(planpointLogin+"/passkey/options", "{}"), &asked); err != nil {
			b.Fatal(err)
		}
		spent += processorTime(b) - start
		body := asked.answered(key.Sign(b, asked.PublicKey))
		start = processorTime(b)
		send(planpointLogin+"/passkey", body)
		spent += processorTime(b) - start
	}
	b.ReportMetric(float64(spent.Microseconds())/1000/float64(b.N), "cpu-ms/op")
}

// processorTime is what the process has used so far.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
