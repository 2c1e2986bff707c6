package main

import (
	"context"
	"fmt"
	"os"

	"latchkey/internal/argon2"
)

const (
	cheapHash    = "argon2id:m=8,t=1,p=1" // the cheapest: an expensive one would hide all other costs
	cheaply      = "LATCHKEY_PASSWORD_HASH=" + cheapHash
	loginTurns   = 15
	loginsATurn  = 2000 // about 1 s of processor time, so that a tick is 1 %
	loginUsers   = 200
	loginClients = 1
)

// measureLogin compares logins without their hash with the bare server: with the settings of `serve`, and without the throttle,
// because the peers count no attempts.
func measureLogin(ctx context.Context, latchkey, dir string) ([]result, error) {
	ours, to, err := serveLatchkey(ctx, latchkey, dir+"/cheap", loginUsers, loginClients, cheaply)
	if err != nil {
		return nil, err
	}
	defer ours.stop()
	unthrottled, _, err := serveLatchkey(ctx, latchkey, dir+"/off", loginUsers, loginClients, cheaply, "LATCHKEY_THROTTLE=off")
	if err != nil {
		return nil, err
	}
	defer unthrottled.stop()
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
	hash, err := startHash(ctx, cheapHash, argon2.XCrypto)
	if err != nil {
		return nil, err
	}
	defer hash.stop()
	turns, err := alternate(loginTurns, loginsATurn, ours, unthrottled, bare, hash)
	if err != nil {
		return nil, err
	}
	return []result{
		beyondHash("login beyond its hash, CPU of the server", turns[0], turns[2], turns[3]),
		beyondHash("the same with THROTTLE=off", turns[1], turns[2], turns[3]),
		compareRates("login at the cheapest hash, a second", turns[0], turns[2], 0),
	}, nil
}

func beyondHash(name string, ours, bare, hash []turn) result {
	var beyond sample
	for i := range ours {
		beyond = append(beyond, ours[i].cpu-hash[i].cpu)
	}
	r := compare(name, milliseconds, beyond, costs(bare), goal{most: halfOfBestPeer(costs(bare).median()), unit: " ms"})
	r.value = beyond.median()
	return r
}

// halfOfBestPeer returns how many ms a login may cost without its hash. The best peer was PocketBase 0.40: 1.2 ms on a
// quiet machine, where a bare server took 0.1, and 2.2 on a busy one, where a bare server took 0.4; linear in between.
func halfOfBestPeer(bare float64) float64 {
	const quiet, quietPeer, busy, busyPeer = 0.1, 1.2, 0.4, 2.2
	at := min(max(bare, quiet), busy)
	return (quietPeer + (at-quiet)/(busy-quiet)*(busyPeer-quietPeer)) / 2
}
