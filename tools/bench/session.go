package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/sync/errgroup"
)

const (
	sessionTurns   = 15
	visitsATurn    = 2000
	sessionClients = 4
	refreshGoal    = 0.15
	meGoal         = 0.20
)

// measureSessions compares a refresh, which rotates, and who-am-I, which reads the session, with a bare server that only
// checks a token. The clients share the processors, so their work counts.
func measureSessions(ctx context.Context, latchkey, dir string) ([]result, error) {
	ours, to, err := serveLatchkey(ctx, latchkey, dir+"/sessions", sessionClients, sessionClients, cheaply)
	if err != nil {
		return nil, err
	}
	defer ours.stop()
	guests, err := signIn(ctx, to)
	if err != nil {
		return nil, err
	}
	bare, toBare, err := startServer(ctx, nil, 1, sessionClients, os.Args[0], "token")
	if err != nil {
		return nil, err
	}
	defer bare.stop()
	token, err := bareToken(time.Now().Add(time.Hour))
	if err != nil {
		return nil, err
	}
	turns, err := alternate(sessionTurns, visitsATurn,
		guests.side(ctx, ours.process, (*guest).refresh), guests.side(ctx, ours.process, (*guest).me),
		visitors{{http: toBare.http, base: toBare.base, access: token}}.times(sessionClients).side(ctx, bare.process, (*guest).me))
	if err != nil {
		return nil, err
	}
	return []result{
		compareRates("refresh with rotation, a second", turns[0], turns[2], refreshGoal),
		compareRates("who am I, a second", turns[1], turns[2], meGoal),
		compareCosts("refresh with rotation, CPU of the server", turns[0], turns[2]),
		compareCosts("who am I, CPU of the server", turns[1], turns[2]),
	}, nil
}

func compareRates(name string, ours, bare []turn, least float64) result {
	perSecond := func(rate float64) string { return fmt.Sprintf("%.1f", rate) }
	return compare(name, perSecond, rates(ours), rates(bare), goal{least: least, unit: " x"})
}

func compareCosts(name string, ours, bare []turn) result {
	return compare(name, milliseconds, costs(ours), costs(bare), goal{})
}

// guest is one browser: it keeps the last cookies it received.
type guest struct {
	http            *http.Client
	base            string
	access, renewal string
}

type visitors []*guest

// signIn opens a session for each client of the load.
func signIn(ctx context.Context, to *load) (visitors, error) {
	var all visitors
	for user := range to.clients {
		g := &guest{http: to.http, base: to.base}
		body := fmt.Sprintf(`{"username": %q, "password": %q}`, email(user), loginPassword)
		if err := g.send(ctx, http.MethodPost, "/api/users/login", body); err != nil {
			return nil, err
		}
		all = append(all, g)
	}
	return all, nil
}

// times returns n copies of the first.
func (v visitors) times(n int) visitors {
	var all visitors
	for range n {
		one := *v[0]
		all = append(all, &one)
	}
	return all
}

// side makes all guests send the same request concurrently, each its own requests in sequence.
func (v visitors) side(ctx context.Context, p *process, do func(*guest, context.Context) error) side {
	return side{p, func(n int) error {
		all, ctx := errgroup.WithContext(ctx)
		for _, g := range v {
			all.Go(func() error {
				for range n / len(v) {
					if err := do(g, ctx); err != nil {
						return err
					}
				}
				return nil
			})
		}
		return all.Wait()
	}}
}

func (g *guest) refresh(ctx context.Context) error {
	before := g.renewal
	if err := g.send(ctx, http.MethodPost, "/api/users/refresh", ""); err != nil {
		return err
	}
	if g.renewal == before {
		return errors.New("a refresh did not rotate")
	}
	return nil
}

func (g *guest) me(ctx context.Context) error {
	return g.send(ctx, http.MethodGet, "/api/users/me", "")
}

// send sends the tokens as cookies and keeps those of the answer; any answer but 200 is an error.
func (g *guest) send(ctx context.Context, method, path, body string) error {
	r, err := http.NewRequestWithContext(ctx, method, g.base+path, strings.NewReader(body))
	if err != nil {
		return fmt.Errorf("make a request: %w", err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Cookie", "planpoint="+g.access+"; planpointRefresh="+g.renewal)
	answer, err := g.http.Do(r)
	if err != nil {
		return fmt.Errorf("visit %s: %w", path, err)
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil || answer.StatusCode != http.StatusOK {
		return fmt.Errorf("visit %s: %s, error %v", path, answer.Status, err)
	}
	for _, c := range answer.Cookies() {
		switch c.Name {
		case "planpoint":
			g.access = c.Value
		case "planpointRefresh":
			g.renewal = c.Value
		}
	}
	return nil
}

// bareSecret is not secret: both sides of the bench know it.
func bareSecret() []byte { return []byte(strings.Repeat("bench", 7)) }

func bareToken(expires time.Time) (string, error) {
	claims := jwt.RegisteredClaims{Subject: "64b000000000000000000001", ExpiresAt: jwt.NewNumericDate(expires)}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(bareSecret())
	if err != nil {
		return "", fmt.Errorf("sign the bare server's token: %w", err)
	}
	return token, nil
}

// checkBare does the minimum of an API with a token: it checks an HS256 token and answers whose it is.
func checkBare() http.Handler {
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cookie, err := r.Cookie("planpoint")
		var claims jwt.RegisteredClaims
		if err == nil {
			_, err = parser.ParseWithClaims(cookie.Value, &claims, func(*jwt.Token) (any, error) { return bareSecret(), nil })
		}
		if err != nil {
			http.Error(w, "unauthorized", http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"sub":%q}`, claims.Subject)
	})
}
