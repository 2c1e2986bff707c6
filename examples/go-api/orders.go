package main

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"latchkey/verify"
)

// orders keeps each user's orders in memory, by the user's id in Latchkey.
type orders struct {
	mu   sync.Mutex
	last int
	of   map[string][]order
}

type order struct {
	ID   string `json:"id"`
	Item string `json:"item"`
	At   string `json:"at"`
}

func (o *orders) list(w http.ResponseWriter, r *http.Request) {
	c, _ := verify.FromContext(r.Context())
	o.mu.Lock()
	defer o.mu.Unlock()
	answer(w, map[string]any{"user": c.Subject, "roles": c.Roles, "orders": append([]order{}, o.of[c.Subject]...)})
}

func (o *orders) place(w http.ResponseWriter, r *http.Request) {
	c, _ := verify.FromContext(r.Context())
	var placed order
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10)).Decode(&placed); err != nil || placed.Item == "" {
		http.Error(w, `send {"item": "…"}`, http.StatusBadRequest)
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last++
	placed.ID, placed.At = strconv.Itoa(o.last), time.Now().UTC().Format(time.DateOnly)
	o.of[c.Subject] = append(o.of[c.Subject], placed)
	answer(w, placed)
}

func (o *orders) cancel(w http.ResponseWriter, r *http.Request) {
	c, _ := verify.FromContext(r.Context())
	o.mu.Lock()
	defer o.mu.Unlock()
	at := slices.IndexFunc(o.of[c.Subject], func(placed order) bool { return placed.ID == r.PathValue("id") })
	if at < 0 {
		http.Error(w, "you have no such order", http.StatusNotFound)
		return
	}
	o.of[c.Subject] = slices.Delete(o.of[c.Subject], at, at+1)
	answer(w, struct{}{})
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}
