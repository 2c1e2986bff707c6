package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// load signs in users, one after the other, over connections that stay open.
type load struct {
	base    string
	users   int
	clients int
	http    *http.Client

	patient  bool // overload answers are counted instead of being errors
	sentAway atomic.Int64
}

// errSentAway reports a 500 with Retry-After, an overloaded server's answer.
var errSentAway = errors.New("sent away")

func newLoad(base string, users, clients int) *load {
	return &load{
		base: base, users: users, clients: clients,
		http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}},
	}
}

// run makes n logins with all clients concurrently and returns after the last answer. Any answer but 200 is an error.
func (l *load) run(ctx context.Context, logins int) error {
	var next atomic.Int64
	all, ctx := errgroup.WithContext(ctx)
	for range l.clients {
		all.Go(func() error {
			for i := next.Add(1); i <= int64(logins); i = next.Add(1) {
				_, err := l.login(ctx, int(i)%l.users)
				if errors.Is(err, errSentAway) && l.patient {
					l.sentAway.Add(1)
				} else if err != nil {
					return err
				}
			}
			return nil
		})
	}
	return all.Wait()
}

// login signs in the user and returns the size of the answer.
func (l *load) login(ctx context.Context, user int) (answerSize, error) {
	body := fmt.Sprintf(`{"username": %q, "password": %q}`, email(user), loginPassword)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, l.base+"/api/users/login", strings.NewReader(body))
	if err != nil {
		return answerSize{}, fmt.Errorf("make a login: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := l.http.Do(r)
	if err != nil {
		return answerSize{}, fmt.Errorf("log in: %w", err)
	}
	defer answer.Body.Close()
	length, err := io.Copy(io.Discard, answer.Body)
	if answer.StatusCode == http.StatusInternalServerError && answer.Header.Get("Retry-After") != "" {
		return answerSize{}, errSentAway
	}
	cookies := answer.Cookies()
	if err != nil || answer.StatusCode != http.StatusOK || len(cookies) != 2 {
		return answerSize{}, fmt.Errorf("log in at %s: %s, %d cookies, error %v", l.base, answer.Status, len(cookies), err)
	}
	return answerSize{int(length), len(cookies[0].Value), len(cookies[1].Value)}, nil
}

// get reads the whole answer; any answer but 200 is an error.
func (l *load) get(ctx context.Context, path string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, l.base+path, nil)
	if err != nil {
		return fmt.Errorf("make a request: %w", err)
	}
	answer, err := l.http.Do(r)
	if err != nil {
		return fmt.Errorf("get %s: %w", path, err)
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil || answer.StatusCode != http.StatusOK {
		return fmt.Errorf("get %s: %s, error %v", path, answer.Status, err)
	}
	return nil
}
