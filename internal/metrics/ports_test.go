package metrics_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/metrics"
)

// slow is a store and a hasher whose every call takes its time.
type slow struct {
	auth.Store
	auth.Passwords
	d time.Duration
}

func (s slow) UserByID(context.Context, string) (auth.User, error) {
	time.Sleep(s.d)
	return auth.User{}, nil
}

func (s slow) Verify(context.Context, string, string) (match, outdated bool, err error) {
	time.Sleep(s.d)
	return false, false, nil
}

// TestTimesAddUp promises the time of all calls of a request, and that no request is charged for another's.
func TestTimesAddUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		since := func(context.Context) (time.Time, error) { return time.Now(), nil }
		r := metrics.New(&out, "Test", since, time.Now)
		store, hasher := r.Store(slow{d: time.Second}), r.Passwords(slow{d: 3 * time.Second})
		handler := r.Handler(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
			for range 2 {
				store.UserByID(req.Context(), "ada")
				hasher.Verify(req.Context(), "", "")
			}
			r.Record(req.Context(), auth.AuditRecord{Event: auth.EventLogin, Outcome: auth.OutcomeRefused, Contract: "planpoint"})
		}))
		for range 2 {
			out.Reset()
			handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/", nil))
			var line struct{ StoreMilliseconds, HashMilliseconds float64 }
			if err := json.Unmarshal(out.Bytes(), &line); err != nil {
				t.Fatalf("%v: %s", err, out.Bytes())
			}
			if line.StoreMilliseconds != 2000 || line.HashMilliseconds != 6000 {
				t.Errorf("the store took %v ms and hashing %v, want 2000 and 6000", line.StoreMilliseconds, line.HashMilliseconds)
			}
		}
	})
}
