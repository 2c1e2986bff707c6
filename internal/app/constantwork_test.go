package app_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/contract"
)

// trace is everything that a refused attempt does and answers: what a stranger can see or measure.
type trace struct {
	Calls  []string // of the store, the hasher and the keys; sorted, because some are concurrent
	Status int
	Header http.Header
	Body   string
}

// strange lists the ways to be refused that a stranger must not be able to tell apart, each with its own user.
func strange() []struct{ name, user, password string } {
	return []struct{ name, user, password string }{
		{"unknown user", "nobody", authtest.Password},
		{"wrong password", "grace", "wrong"},
		{"wrong password, not in NFC", "hedy", "wro\u0308ng"},
		{"over-long password", "mary", strings.Repeat("x", 1025)},
		{"over-long password, unknown user", "no-one", strings.Repeat("x", 1025)},
		{"password with NUL", "edith", authtest.Password + "\x00"},
		{"pending", "joan", authtest.Password},
		{"disabled", "dorothy", authtest.Password},
		{"no password", "adele", authtest.Password},
		{"broken hash", "klara", authtest.Password},
		{"wrong role", "alan", authtest.Password}, // at /users/login; at the other it is a wrong password
	}
}

// TestConstantWork promises that all refusals cost the same calls and get the same answer, by every contract, with throttling
// on and off and with decoys; and that while an attempt is throttled, the password does not matter.
func TestConstantWork(t *testing.T) {
	limits := auth.Limits{
		Free: 3, MaxBackoff: time.Minute, Source: auth.Rate{Failures: 1000, Span: time.Hour}, User: auth.Rate{Failures: 1000, Span: time.Hour},
	}
	decoys, err := app.ConfigFrom(settings{"DECOYS": manyDecoys(app.MaxDecoys)}.get)
	check(t, err)
	forContracts(t, nil, func(t *testing.T, c contract.Contract) {
		for name, decoys := range map[string][]auth.Decoy{"one decoy": nil, "decoys": decoys.Decoys} {
			t.Run(name, func(t *testing.T) {
				k := strangersKit(t)
				rules := auth.Rules{QualifyingRoles: []string{"Organization Owner"}, Limits: limits, Decoys: decoys}
				handler := k.Contract(c, rules)
				for try := range limits.Free + 2 {
					var want trace
					for i, s := range strange() {
						if s.name == "wrong role" && !c.Terms().QualifyingAccount {
							s.password = "wrong"
						}
						got := attemptTrace(t, k, handler, c.Path(), s.user+"@example.com", s.password)
						if i == 0 {
							want = got
						}
						if d := cmp.Diff(want, got); d != "" {
							t.Errorf("try %d: %s differs (-unknown user +got):\n%s", try, s.name, d)
						}
					}
					hashed, refusedEarly := slices.Contains(want.Calls, "Verify"), want.Header.Get("Retry-After") != ""
					if throttled := try >= limits.Free; hashed == throttled || refusedEarly != throttled {
						t.Errorf("try %d: %+v", try, want)
					}
				}
			})
		}
	})
}

// strangersKit has a user for each case of strange; all except alan have an account that qualifies.
func strangersKit(t *testing.T) *authtest.Kit {
	t.Helper()
	users := []auth.User{authtest.Alan()}
	for _, name := range []string{"grace", "hedy", "mary", "edith", "joan", "dorothy", "adele", "klara"} {
		u := authtest.NewUser(name)
		u.Accounts = authtest.Grace().Accounts
		u.Status = map[string]auth.Status{"joan": auth.StatusPending, "dorothy": auth.StatusDisabled}[name]
		if u.Status == "" {
			u.Status = auth.StatusReady
		}
		users = append(users, u)
	}
	k := authtest.NewKit(t, users...)
	k.Update(t, "adele", func(u *auth.User) { u.PasswordHash = "" })
	k.Update(t, "klara", func(u *auth.User) { u.PasswordHash = "$argon2id$v=19$m=8,t=1" })
	return k
}

func attemptTrace(t *testing.T, k *authtest.Kit, handler http.Handler, path, email, password string) trace {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(authtest.Credentials(t, email, password)))
	r.Header.Set("Content-Type", "application/json")
	r.RemoteAddr = "192.0.2.7:4711"
	answer := httptest.NewRecorder()
	k.Calls()
	handler.ServeHTTP(answer, r)
	calls := k.Calls()
	slices.Sort(calls)
	return trace{calls, answer.Code, answer.Result().Header, answer.Body.String()}
}
