package app_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/factor"
	"latchkey/internal/passkey"
)

// BenchmarkSignIn is a whole sign-in of each kind by the functions' handlers, over SQLite, without what the browser does and at the cheapest
// hash: cpu-ms is the processor time of all its calls. With only a passkey, which computes no hash, the goal is at most 1.
func BenchmarkSignIn(b *testing.B) {
	for _, kind := range []struct {
		name   string
		signIn func(*signInBench, *testing.B)
	}{
		{"password", func(s *signInBench, b *testing.B) { s.password(b, "ada", "") }},
		{"code", func(s *signInBench, b *testing.B) { s.password(b, "grace", `,"code":"`+s.code()+`"`) }},
		{"code-second-call", (*signInBench).secondCall},
		{"device", func(s *signInBench, b *testing.B) { s.password(b, "grace", "") }},
		{"passkey", (*signInBench).passkey},
	} {
		b.Run(kind.name, func(b *testing.B) {
			s := newSignInBench(b)
			if kind.name == "device" {
				s.remember(b)
			}
			for b.Loop() {
				kind.signIn(s, b)
			}
			b.ReportMetric(float64(s.spent.Microseconds())/1000/float64(b.N), "cpu-ms/op")
		})
	}
}

// signInBench is the login and the account function over a store in which Grace has an authenticator app and Joan a passkey.
type signInBench struct {
	login, account http.Handler
	seed           factor.Seed
	key            *authtest.Authenticator
	now            time.Time
	device         string // the token of a remembered device
	spent          time.Duration
}

func newSignInBench(b *testing.B) *signInBench {
	joan := authtest.Joan()
	joan.Status = auth.StatusReady
	k := authtest.NewKit(b, authtest.Ada(), authtest.Grace(), joan)
	config, err := app.ConfigFrom(settings{"PASSKEY_RP": "example.com", "ALLOWED_ORIGINS": passkeyPage, "THROTTLE_SOURCE": "1000000/1h"}.get)
	check(b, err)
	s := &signInBench{now: time.Now()}
	s.seed, err = factor.NewSeed(rand.Reader)
	check(b, err)
	sealed, err := factor.NewVault(k.Keyring, rand.Reader).Seal(b.Context(), factor.Stored, "grace", s.seed)
	check(b, err)
	check(b, k.Store.SetFactors(b.Context(), "grace", 1, auth.Factors{TOTP: []auth.TOTP{{ID: "phone", Sealed: sealed}}}, nil))
	key, factors := newPasskey(b, config)
	check(b, k.Store.SetFactors(b.Context(), "joan", 1, factors, nil))
	ports := app.Ports{
		Store: k.Store, Passwords: k.Hasher, Passkeys: passkey.New(), Keys: k.Keyring, Tokens: k.Keyring, Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return s.now }, Serial: true,
	}
	s.key, s.login, s.account = key, app.LoginHandler(config, ports), app.AccountHandler(config, ports)
	return s
}

// code returns the code of the next half minute, because each is accepted once.
func (s *signInBench) code() string {
	s.now = s.now.Add(factor.Period)
	return s.seed.Code(factor.Step(s.now))
}

// send counts the processor time of the call.
func (s *signInBench) send(b *testing.B, handler http.Handler, path, body string, status int) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if s.device != "" {
		r.AddCookie(&http.Cookie{Name: "latchkeyDevice", Value: s.device})
	}
	r.RemoteAddr = home
	answer := httptest.NewRecorder()
	start := processorTime(b)
	handler.ServeHTTP(answer, r)
	s.spent += processorTime(b) - start
	if answer.Code != status {
		b.Fatalf("%s: %d %s", path, answer.Code, answer.Body)
	}
	return answer
}

func (s *signInBench) password(b *testing.B, user, more string) *httptest.ResponseRecorder {
	return s.send(b, s.login, planpointLogin, fmt.Sprintf(`{"username":"%s@example.com","password":%q%s}`, user, authtest.Password, more), http.StatusOK)
}

// remember makes a device of the client, whose later sign-ins need no code.
func (s *signInBench) remember(b *testing.B) {
	for _, cookie := range s.password(b, "grace", `,"remember":true,"code":"`+s.code()+`"`).Result().Cookies() {
		if cookie.Name == "latchkeyDevice" {
			s.device = cookie.Value
		}
	}
	s.spent = 0
}

func (s *signInBench) secondCall(b *testing.B) {
	code := s.code()
	answer := s.send(b, s.login, planpointLogin, fmt.Sprintf(`{"username":"grace@example.com","password":%q}`, authtest.Password), http.StatusUnauthorized)
	var asked struct{ Challenge struct{ ID string } }
	check(b, json.Unmarshal(answer.Body.Bytes(), &asked))
	s.send(b, s.account, planpointLogin+"/factor", `{"challenge":"`+asked.Challenge.ID+`","code":"`+code+`"}`, http.StatusOK)
}

func (s *signInBench) passkey(b *testing.B) {
	asked := s.askPasskey(b)
	s.send(b, s.account, planpointLogin+"/passkey", asked.answered(s.key.Sign(b, asked.PublicKey)), http.StatusOK)
}

func (s *signInBench) askPasskey(b *testing.B) (asked askedPasskey) {
	check(b, json.Unmarshal(s.send(b, s.account, planpointLogin+"/passkey/options", "{}", http.StatusOK).Body.Bytes(), &asked))
	return asked
}

// BenchmarkPasskeyRefused is a refusal of a passkey that a user has, with another key, and of an unknown one, by turns. The goal for their
// ratio is 1: whose passkeys there are must not show.
func BenchmarkPasskeyRefused(b *testing.B) {
	s := newSignInBench(b)
	known, unknown := *s.key, authtest.NewAuthenticator(b, -7, passkeyPage)
	known.Key, unknown.Handle = unknown.Key, []byte("handle of nobody")
	asked := s.askPasskey(b)
	bodies := [2]string{asked.answered(known.Sign(b, asked.PublicKey)), asked.answered(unknown.Sign(b, asked.PublicKey))}
	var took [2][]time.Duration
	for b.Loop() {
		for i, body := range bodies {
			start := time.Now()
			s.send(b, s.account, planpointLogin+"/passkey", body, http.StatusUnauthorized)
			took[i] = append(took[i], time.Since(start))
		}
	}
	for _, times := range took {
		slices.Sort(times)
	}
	b.ReportMetric(float64(took[1][b.N/2])/float64(took[0][b.N/2]), "unknown/known-median")
}

// processorTime is what the process has used so far.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	check(b, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
