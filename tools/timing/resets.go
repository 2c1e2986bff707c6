package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"latchkey/internal/contract"
)

// known is how many users there are to ask for once.
const known = 1000

// resets compares requests for a mail that resets the password: of users who get one, and of all others. Mails are written to files.
func resets(ctx context.Context, binary string, n int) ([]table, error) {
	all, err := contracts()
	if err != nil {
		return nil, err
	}
	mails, err := os.MkdirTemp(filepath.Dir(binary), "mails-*")
	if err != nil {
		return nil, fmt.Errorf("make a directory: %w", err)
	}
	s, err := serve(ctx, binary, []string{
		"LATCHKEY_MAIL=file:" + mails, "LATCHKEY_MAIL_FROM=login@example.com", "LATCHKEY_RESET_URL=https://app.example.com/reset",
		"LATCHKEY_TRUSTED_PROXIES=127.0.0.1", "LATCHKEY_PASSWORD_HASH=argon2id:m=8,t=1,p=1",
	}, users(others)+knownUsers())
	if err != nil {
		return nil, err
	}
	defer s.stop()
	time.Sleep(startupWork)
	var tables []table
	for _, c := range all {
		kinds := resetKinds(c)
		if err := s.measure(ctx, kinds, n, false); err != nil {
			return nil, err
		}
		tables = append(tables, table{"a reset is asked for, " + kinds[0].path, kinds, median(kinds[0].times) / 20})
	}
	next, err := s.measureNext(ctx, n)
	return append(tables, next), err
}

// measureNext compares the times of requests that come after one for a reset: the mail to a user, which is made meanwhile, must not delay
// them. Each user is asked for once, because a user gets three mails in an hour.
func (s *server) measureNext(ctx context.Context, n int) (table, error) {
	const path = "/api/users/password/reset"
	kinds := []*kind{{name: "after unknown user"}, {name: "after ready user"}}
	for round := range min(n, known) {
		for _, i := range rand.Perm(len(kinds)) {
			asked := newKind("", path, fmt.Sprintf("%s%04d", []string{"x", "k"}[i], round), "")
			next := newKind("", path, fmt.Sprintf("y%04d", rand.N(10_000)), "")
			asked.forwarded, next.forwarded = true, true
			if _, _, err := s.try(ctx, asked); err != nil {
				return table{}, err
			}
			took, _, err := s.try(ctx, next)
			if err != nil {
				return table{}, err
			}
			kinds[i].times = append(kinds[i].times, took)
		}
	}
	return table{"the request after one for a reset", kinds, median(kinds[0].times) / 20}, nil
}

// knownUsers returns users who can ask for a reset.
func knownUsers() string {
	var lines strings.Builder
	for i := range known {
		fmt.Fprintf(&lines, `{"email": "k%04d@example.com", "status": "ready", "password": %q}`+"\n", i, password)
	}
	return lines.String()
}

func resetKinds(c contract.Contract) (kinds []*kind) {
	path := contract.PasswordPath(c) + "/reset"
	for _, k := range [][2]string{
		{"unknown user", "nobod"}, {"ready", "right"}, {"has a factor", "factr"}, {"pending", "pends"}, {"disabled", "dried"}, {"no password", "empty"},
	} {
		one := newKind(k[0], path, k[1], "")
		one.forwarded = true
		kinds = append(kinds, one)
	}
	return kinds
}
