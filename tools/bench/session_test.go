package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

// TestCheckBare promises that the bare server checks the token.
func TestCheckBare(t *testing.T) {
	good, err := bareToken(time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	expired, _ := bareToken(time.Now().Add(-time.Hour))
	for token, want := range map[string]int{good: 200, expired: 401, good[:len(good)-4]: 401, "": 401} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.AddCookie(&http.Cookie{Name: "planpoint", Value: token})
		answer := httptest.NewRecorder()
		checkBare().ServeHTTP(answer, r)
		if answer.Code != want {
			t.Errorf("%q: %d, want %d", token, answer.Code, want)
		}
	}
}

// TestVisitors promises the requested number of requests, each with the cookies of the previous answer, and that neither
// refusals nor refreshes without a rotation are measured.
func TestVisitors(t *testing.T) {
	var served, tokens atomic.Int64
	rotates := true
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		served.Add(1)
		switch c, _ := r.Cookie("planpointRefresh"); {
		case r.URL.Path == "/api/users/me":
			http.Error(w, "unauthorized", http.StatusUnauthorized)
		case r.URL.Path == "/api/users/refresh" && c.Value == "":
			http.Error(w, "unauthorized", http.StatusUnauthorized)
		case rotates:
			http.SetCookie(w, &http.Cookie{Name: "planpointRefresh", Value: fmt.Sprint(tokens.Add(1))})
		}
	}))
	defer server.Close()
	guests, err := signIn(t.Context(), newLoad(server.URL, 3, 3))
	if err != nil || len(guests) != 3 || served.Load() != 3 {
		t.Fatalf("%d guests, %d sign-ins, error %v", len(guests), served.Load(), err)
	}
	run := func(n int, do func(*guest, context.Context) error) error {
		return guests.side(t.Context(), nil, do).work(n)
	}
	if err := run(30, (*guest).refresh); err != nil || served.Load() != 3+30 {
		t.Errorf("%d requests, error %v, want 33", served.Load(), err)
	}
	if err := run(3, (*guest).me); err == nil {
		t.Error("refusals were measured")
	}
	rotates = false
	if err := run(3, (*guest).refresh); err == nil {
		t.Error("refreshes that rotated nothing were measured")
	}
}
