package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// side is a measured process, with a function that makes it do its work n times.
type side struct {
	*process
	work func(n int) error
}

// turn is the average cost of one piece of work in a turn.
type turn struct {
	cpu  float64 // ms of the process
	rate float64 // per second
}

func costs(turns []turn) (each sample) {
	for _, t := range turns {
		each = append(each, t.cpu)
	}
	return each
}

func rates(turns []turn) (each sample) {
	for _, t := range turns {
		each = append(each, t.rate)
	}
	return each
}

func (s side) turn(n int) (turn, error) {
	before, err := s.cpu()
	if err != nil {
		return turn{}, err
	}
	began := time.Now()
	if err := s.work(n); err != nil {
		return turn{}, err
	}
	took := time.Since(began)
	after, err := s.cpu()
	if err != nil {
		return turn{}, err
	}
	return turn{inMilliseconds(after-before) / float64(n), float64(n) / took.Seconds()}, nil
}

// alternate gives every side n turns and returns the turns by side. A first round warms up and is not measured.
func alternate(times, n int, sides ...side) ([][]turn, error) {
	turns := make([][]turn, len(sides))
	for round := range times + 1 {
		for k := range sides {
			i := (round + k) % len(sides) // no side is always first
			t, err := sides[i].turn(n)
			if err != nil {
				return nil, err
			}
			if round > 0 {
				turns[i] = append(turns[i], t)
			}
		}
	}
	return turns, nil
}

// serveLatchkey starts `latchkey serve` over a new SQLite file with users, with its defaults except for the settings.
func serveLatchkey(ctx context.Context, latchkey, dir string, users, clients int, settings ...string) (side, *load, error) {
	env := append(storeIn(dir), settings...)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return side{}, nil, fmt.Errorf("make a place for the store: %w", err)
	}
	add := exec.CommandContext(ctx, latchkey, "users", "import", "-")
	add.Env, add.Stdin = append(os.Environ(), env...), strings.NewReader(importLines(users))
	if out, err := add.CombinedOutput(); err != nil {
		return side{}, nil, fmt.Errorf("import users: %w\n%s", err, out)
	}
	return startServer(ctx, env, users, clients, latchkey, "serve", "--addr", "127.0.0.1:0")
}

// storeIn returns the settings for a store and keys in a directory.
func storeIn(dir string) []string {
	return []string{"LATCHKEY_STORE=sqlite:" + dir + "/users.db", "LATCHKEY_KEYS=file:" + dir + "/keys.json"}
}

// startServer starts a server that prints its address; its work is to sign in users.
func startServer(ctx context.Context, env []string, users, clients int, name string, args ...string) (side, *load, error) {
	p, err := start(ctx, env, name, args...)
	if err != nil {
		return side{}, nil, err
	}
	base, err := p.await("listening on ")
	if err != nil {
		p.stop()
		return side{}, nil, err
	}
	to := newLoad(base, users, clients)
	return side{p, func(n int) error { return to.run(ctx, n) }}, to, nil
}
