// Command go-api is a small API for users who have signed in to Latchkey. With `latchkey serve --demo` running:
//
//	go run ./examples/go-api -issuer http://127.0.0.1:3000
//	curl http://127.0.0.1:4000/orders -H "Authorization: Bearer $TOKEN"
package main

import (
	"encoding/json"
	"flag"
	"log"
	"net/http"
	"slices"
	"time"

	"latchkey/verify"
)

func main() {
	issuer := flag.String("issuer", "http://127.0.0.1:3000", "Latchkey's setting ISSUER")
	audience := flag.String("audience", "", "Latchkey's setting AUDIENCE (default: the issuer)")
	addr := flag.String("addr", "127.0.0.1:4000", "host and port to listen on")
	flag.Parse()
	if *audience == "" {
		*audience = *issuer
	}
	v, err := verify.New(*issuer, *audience, verify.WithCookie("planpoint"))
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Addr: *addr, Handler: api(v), ReadHeaderTimeout: 5 * time.Second}
	log.Printf("listening on http://%s", *addr)
	log.Fatal(server.ListenAndServe())
}

// api has one path for every signed-in user and one for editors.
func api(v *verify.Verifier) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /orders", v.Handler(http.HandlerFunc(orders)))
	mux.Handle("POST /orders", v.Handler(onlyFor("editor", http.HandlerFunc(orders))))
	mux.Handle("DELETE /orders", v.Handler(onlyFor("editor", http.HandlerFunc(orders)), verify.RequireAMR("mfa"), verify.MaxAge(5*time.Minute)))
	return mux
}

func orders(w http.ResponseWriter, r *http.Request) {
	c, _ := verify.FromContext(r.Context())
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{"user": c.Subject, "roles": c.Roles, "orders": []string{}})
}

// onlyFor answers 403 to signed-in users without the role.
func onlyFor(role string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, _ := verify.FromContext(r.Context()); !slices.Contains(c.Roles, role) {
			http.Error(w, "not allowed", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}
