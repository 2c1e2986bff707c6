package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"time"

	"latchkey/internal/app"
	"latchkey/internal/contract"
)

// planpoint is the contract whose sign-ins are measured where one is enough.
const planpoint = "/api/users/login"

// kind is one way to be refused, and how long each attempt took.
type kind struct {
	name   string
	path   string
	body   []byte
	header http.Header // in addition
	times  []time.Duration
	// prepare makes the body of each attempt, before its time begins; nil: all have the same one.
	prepare func(ctx context.Context) ([]byte, error)
	// forwarded: each attempt comes from another source, because a source may ask for a few resets an hour.
	forwarded bool
}

// contracts returns those of a deployment with default settings.
func contracts() ([]contract.Contract, error) {
	config, err := app.ConfigFrom(func(name string) string {
		return map[string]string{
			"LATCHKEY_STORE": "sqlite:unused", "LATCHKEY_KEYS": "file:unused", "LATCHKEY_ISSUER": "https://login.example.com",
		}[name]
	})
	if err != nil {
		return nil, fmt.Errorf("read the default settings: %w", err)
	}
	return app.Contracts(config), nil
}

// newKind has the members of every contract in its body; each contract ignores those of the others.
func newKind(name, path, user, password string) *kind {
	body, err := json.Marshal(map[string]string{"username": email(user), "email": email(user), "password": password})
	if err != nil {
		panic("timing: " + err.Error()) // two strings
	}
	return &kind{name: name, path: path, body: body}
}

// refusals are the kinds that a stranger must not be able to distinguish.
func refusals(c contract.Contract) []*kind {
	path := c.Path()
	wrong, long := strings.Repeat("x", len(password)), strings.Repeat("x", 1025)
	kinds := []*kind{
		newKind("unknown user", path, "nobod", wrong),
		newKind("wrong password", path, "wrong", wrong),
		newKind("over-long password", path, "wrong", long),
		newKind("over-long, unknown", path, "nobod", long),
		newKind("wrong password, has a factor", path, "factr", wrong),
		newKind("pending", path, "pends", password),
		newKind("disabled", path, "dried", password),
		newKind("no password", path, "empty", password),
	}
	if c.Terms().QualifyingAccount {
		kinds = append(kinds, newKind("wrong role", path, "roles", password))
	}
	return kinds
}

// refusalsWithCode are refusals that come with a code: who has a second factor must not show.
func refusalsWithCode(c contract.Contract) []*kind {
	kinds := []*kind{
		newKind("unknown user", c.Path(), "nobod", "wrong"),
		newKind("no factor", c.Path(), "wrong", "wrong"),
		newKind("factor", c.Path(), "factr", "wrong"),
		newKind("pending", c.Path(), "pends", password),
		newKind("pending, has a factor", c.Path(), "later", password),
	}
	for _, k := range kinds {
		k.body = bytes.Replace(k.body, []byte("{"), []byte(`{"code":"123456",`), 1)
	}
	return kinds
}

// refusalsAppended are refusals of passwords that end in six digits, where those may be a code.
func refusalsAppended(c contract.Contract) []*kind {
	const digits = "123456"
	return []*kind{
		newKind("unknown user", c.Path(), "nobod", "wrong"+digits),
		newKind("no factor", c.Path(), "wrong", "wrong"+digits),
		newKind("no factor, right password before them", c.Path(), "right", password+digits),
		newKind("factor", c.Path(), "factr", "wrong"+digits),
		newKind("pending, has a factor", c.Path(), "later", password+digits),
	}
}

// try sends one attempt and returns how long the answer took, to its last byte, and what it was.
func (s *server) try(ctx context.Context, k *kind) (time.Duration, answer, error) {
	if k.prepare != nil {
		var err error
		if k.body, err = k.prepare(ctx); err != nil {
			return 0, answer{}, err
		}
	}
	took, res, body, err := s.send(ctx, k)
	if err != nil {
		return 0, answer{}, err
	}
	res.Header.Del("Date")
	return took, answer{res.StatusCode, string(body), fmt.Sprint(res.Header)}, nil
}

// send returns the answer, whose body it has read, and how long that took.
func (s *server) send(ctx context.Context, k *kind) (took time.Duration, res *http.Response, body []byte, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base+k.path, bytes.NewReader(k.body))
	if err != nil {
		return 0, nil, nil, fmt.Errorf("make a request: %w", err)
	}
	maps.Copy(r.Header, k.header)
	r.Header.Set("Content-Type", "application/json")
	if s.attempts++; k.forwarded {
		r.Header.Set("X-Forwarded-For", fmt.Sprintf("10.%d.%d.%d", s.attempts>>16&0xff, s.attempts>>8&0xff, s.attempts&0xff))
	}
	start := time.Now()
	if res, err = http.DefaultClient.Do(r); err != nil {
		return 0, nil, nil, fmt.Errorf("call %s: %w", k.path, err)
	}
	defer res.Body.Close()
	body, err = io.ReadAll(res.Body)
	took = time.Since(start)
	if err != nil {
		return 0, nil, nil, fmt.Errorf("read the answer: %w", err)
	}
	return took, res, body, nil
}

// answer is everything that a stranger sees, except the time.
type answer struct {
	status       int
	body, header string
}

func (a answer) throttled() bool { return strings.Contains(a.header, "Retry-After") }
