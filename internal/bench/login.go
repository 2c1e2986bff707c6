package main

import (
	"context"
	"fmt"
	"os"
	"runtime"

	"latchkey/internal/password"
)

const (
	cheapHash    = "argon2id:m=8,t=1,p=1" // the least there is: under a dear one no other cost would show
	loginTurns   = 15
	loginsATurn  = 2000 // about 1 s of processor time, so that a tick is 1 %
	loginUsers   = 200
	loginClients = 1

	hashTurns    = 31
	hashesATurn  = 16
	hashGoal     = 0.97
	hashingUsers = 8
)

// measureLogin compares a login, less its hash, with the bare server.
func measureLogin(ctx context.Context, latchkey, dir string) ([]result, error) {
	ours, to, err := serveLatchkey(ctx, latchkey, dir+"/cheap", cheapHash, loginUsers, loginClients)
	if err != nil {
		return nil, err
	}
	defer ours.stop()
	size, err := to.login(ctx, 0)
	if err != nil {
		return nil, err
	}
	bare, _, err := startServer(ctx, nil, loginUsers, loginClients, os.Args[0], "server",
		fmt.Sprint(size.body), fmt.Sprint(size.access), fmt.Sprint(size.refresh))
	if err != nil {
		return nil, err
	}
	defer bare.stop()
	hash, err := startHash(ctx, cheapHash)
	if err != nil {
		return nil, err
	}
	defer hash.stop()
	turns, err := alternate(loginTurns, loginsATurn, ours, bare, hash)
	if err != nil {
		return nil, err
	}

	var beyond, stub, ratios, oursRate, bareRate, rates sample
	for i := range loginTurns {
		o, b, h := turns[0][i], turns[1][i], turns[2][i]
		beyond, stub, ratios = append(beyond, o.cpu-h.cpu), append(stub, b.cpu), append(ratios, (o.cpu-h.cpu)/b.cpu)
		oursRate, bareRate, rates = append(oursRate, o.rate), append(bareRate, b.rate), append(rates, o.rate/b.rate)
	}
	return []result{{
		name: "login beyond its hash, CPU of the server", ours: milliseconds(beyond.median()), bare: milliseconds(stub.median()),
		ratio: ratios, value: beyond.median(), goal: goal{most: halfOfBestPeer(stub.median()), unit: " ms"},
	}, {
		name: "login at the cheapest hash, a second", ours: fmt.Sprintf("%.0f", oursRate.median()),
		bare: fmt.Sprintf("%.0f", bareRate.median()), ratio: rates,
	}}, nil
}

// halfOfBestPeer returns how many ms a login may cost beyond its hash. The best peer was PocketBase 0.40: 1.2 ms on a
// quiet machine, where a bare server took 0.1, and 2.2 on a busy one, where that took 0.4. Between them it is a line.
func halfOfBestPeer(bare float64) float64 {
	const quiet, quietPeer, busy, busyPeer = 0.1, 1.2, 0.4, 2.2
	at := min(max(bare, quiet), busy)
	return (quietPeer + (at-quiet)/(busy-quiet)*(busyPeer-quietPeer)) / 2
}

// measureHashing compares logins at the default hash with that hash alone, on all processors. Here the clients'
// work counts against Latchkey, as they share its processors.
func measureHashing(ctx context.Context, latchkey, dir string) ([]result, error) {
	ours, _, err := serveLatchkey(ctx, latchkey, dir+"/default", "", hashingUsers, 2*runtime.GOMAXPROCS(0))
	if err != nil {
		return nil, err
	}
	defer ours.stop()
	bare, err := startHash(ctx, password.Default().String())
	if err != nil {
		return nil, err
	}
	defer bare.stop()
	turns, err := alternate(hashTurns, hashesATurn, ours, bare)
	if err != nil {
		return nil, err
	}
	var oursRate, bareRate, rates sample
	for i := range hashTurns {
		o, b := turns[0][i].rate, turns[1][i].rate
		oursRate, bareRate, rates = append(oursRate, o), append(bareRate, b), append(rates, o/b)
	}
	return []result{{
		name: "login at the default hash, a second", ours: fmt.Sprintf("%.1f", oursRate.median()),
		bare: fmt.Sprintf("%.1f", bareRate.median()), ratio: rates, value: rates.median(), goal: goal{least: hashGoal, unit: " x"},
	}}, nil
}

func milliseconds(ms float64) string { return fmt.Sprintf("%.3f ms", ms) }
