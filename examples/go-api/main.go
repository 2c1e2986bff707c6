// Command go-api is a small API for users who have signed in to Latchkey. With `latchkey serve --demo` running:
//
//	go run ./examples/go-api -issuer http://127.0.0.1:3000
//	curl http://127.0.0.1:4000/orders -H "Authorization: Bearer $TOKEN"
package main

import (
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
	origin := flag.String("origin", "http://localhost:5173", "origin of the pages that may call with the user's cookie")
	flag.Parse()
	if *audience == "" {
		*audience = *issuer
	}
	v, err := verify.New(*issuer, *audience, verify.WithCookie("planpoint", *origin))
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Addr: *addr, Handler: allowPages(*origin, api(v)), ReadHeaderTimeout: 5 * time.Second}
	log.Printf("listening on http://%s", *addr)
	log.Fatal(server.ListenAndServe())
}

// api lets every signed-in user see their orders and editors place some. To cancel one, an editor must have proved a second
// factor in the last five minutes.
func api(v *verify.Verifier) http.Handler {
	orders := &orders{of: map[string][]order{}}
	mux := http.NewServeMux()
	mux.Handle("GET /orders", v.Handler(http.HandlerFunc(orders.list)))
	mux.Handle("POST /orders", v.Handler(onlyFor("editor", orders.place)))
	mux.Handle("DELETE /orders/{id}", v.Handler(onlyFor("editor", orders.cancel), verify.RequireAMR("mfa"), verify.MaxAge(5*time.Minute)))
	return mux
}

// onlyFor answers 403 to signed-in users without the role.
func onlyFor(role string, next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, _ := verify.FromContext(r.Context()); !slices.Contains(c.Roles, role) {
			http.Error(w, "not allowed", http.StatusForbidden)
			return
		}
		next(w, r)
	})
}

// allowPages lets pages of one other origin call the API with the user's cookie and read why they were refused.
func allowPages(origin string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Add("Vary", "Origin")
		if r.Header.Get("Origin") == origin {
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Allow-Credentials", "true")
			h.Set("Access-Control-Expose-Headers", "WWW-Authenticate")
		}
		if r.Method == http.MethodOptions {
			h.Set("Access-Control-Allow-Methods", "GET, POST, DELETE")
			h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}
