package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

const (
	others      = 2000        // users in addition to those who are tried
	startupWork = time.Second // after a start, until its background work is done
)

// asDeployed measures the default settings, without throttling, which would end the measurement.
func asDeployed(ctx context.Context, binary string, n int) ([]table, error) {
	tables, err := everyContract(ctx, binary, "as deployed", []string{"LATCHKEY_THROTTLE=off"}, n)
	for i, t := range tables {
		tables[i].allowed = median(t.kinds[0].times) / 50
	}
	return tables, err
}

// aroundTheHash makes hashing almost free, which magnifies the work around it, and counts failures without ever refusing. A
// tenth of the time measured here is less than 1 % of a sign-in as deployed.
func aroundTheHash(ctx context.Context, binary string, n int) ([]table, error) {
	tables, err := everyContract(ctx, binary, "almost without hashing, failures counted", almostFree(), n)
	for i, t := range tables {
		tables[i].allowed = median(t.kinds[0].times) / 10
	}
	return tables, err
}

// almostFree are settings with hardly any hashing, which count failures and refuse nobody for them.
func almostFree() []string {
	return []string{
		"LATCHKEY_PASSWORD_HASH=argon2id:m=8,t=1,p=1", "LATCHKEY_THROTTLE_FREE=1000000",
		"LATCHKEY_THROTTLE_SOURCE=1000000/1h", "LATCHKEY_THROTTLE_USER=1000000/1h",
	}
}

func everyContract(ctx context.Context, binary, title string, settings []string, n int) ([]table, error) {
	all, err := contracts()
	if err != nil {
		return nil, err
	}
	s, err := serve(ctx, binary, append(settings, "LATCHKEY_FACTOR_APPEND=true"), users(others))
	if err != nil {
		return nil, err
	}
	defer s.stop()
	time.Sleep(startupWork)
	var tables []table
	for _, c := range all {
		for _, group := range []struct {
			title string
			kinds []*kind
		}{{"", refusals(c)}, {", with a code", refusalsWithCode(c)}, {", with a code at the end of the password", refusalsAppended(c)}} {
			if err := s.measure(ctx, group.kinds, n, false); err != nil {
				return nil, err
			}
			tables = append(tables, table{title: title + ", " + c.Path() + group.title, kinds: group.kinds})
		}
	}
	return tables, nil
}

// throttledPair compares known and unknown users while both wait for their own failures.
func throttledPair(ctx context.Context, binary string, n int) ([]table, error) {
	return throttled(ctx, binary, "refused for the user and the source", n, 5, []string{
		"LATCHKEY_THROTTLE_FREE=1", "LATCHKEY_THROTTLE_USER=1000/1h", "LATCHKEY_THROTTLE_SOURCE=100000/1h",
	})
}

// throttledUser compares known and unknown users while both are refused to unknown sources.
func throttledUser(ctx context.Context, binary string, n int) ([]table, error) {
	return throttled(ctx, binary, "refused for the user", n, 1, []string{
		"LATCHKEY_THROTTLE_FREE=1000", "LATCHKEY_THROTTLE_USER=1/1h", "LATCHKEY_THROTTLE_SOURCE=100000/1h",
	})
}

// throttled fails for each user, with the waits in between, until refusals last for the whole measurement. The right
// password must not differ from a wrong one either.
func throttled(ctx context.Context, binary, title string, n, failures int, settings []string) ([]table, error) {
	s, err := serve(ctx, binary, append(settings, "LATCHKEY_PASSWORD_HASH=argon2id:m=8,t=1,p=1"), users(others))
	if err != nil {
		return nil, err
	}
	defer s.stop()
	kinds := []*kind{
		newKind("unknown user", planpoint, "nobod", "wrong"),
		newKind("ready", planpoint, "wrong", "wrong"),
		newKind("right password", planpoint, "right", "wrong"),
		newKind("pending", planpoint, "pends", "wrong"),
	}
	for failure := range failures {
		time.Sleep(startupWork << failure / 2) // the wait after this many failures, with one free
		for _, k := range kinds {
			if _, got, err := s.try(ctx, k); err != nil {
				return nil, err
			} else if got.throttled() {
				return nil, errors.New("refused too early")
			}
		}
	}
	kinds[2].body = newKind("", planpoint, "right", password).body
	if err := s.measure(ctx, kinds, n, true); err != nil {
		return nil, err
	}
	return []table{{title, kinds, median(kinds[0].times) / 20}}, nil
}

// measure tries each kind n times, one at a time and in a new random order each round, so that the noise of the machine
// affects all kinds alike. Every answer must be the same.
func (s *server) measure(ctx context.Context, kinds []*kind, n int, throttled bool) error {
	const warmup = 5
	var first answer
	for round := range warmup + n {
		for _, i := range rand.Perm(len(kinds)) {
			k := kinds[i]
			took, got, err := s.try(ctx, k)
			if err != nil {
				return err
			}
			if first == (answer{}) {
				first = got
			}
			if got.throttled() != throttled || got.status >= 500 || !throttled && got != first {
				return fmt.Errorf("%s is answered by %+v, others by %+v", k.name, got, first)
			}
			if round >= warmup {
				k.times = append(k.times, took)
			}
		}
	}
	return nil
}
