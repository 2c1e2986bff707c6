package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

const (
	serveTurns   = 21
	servedWithin = 50 // ms
	served       = 1000
	serveMemory  = 40 // MiB

	defaultClients = 8
	defaultMemory  = 90 // MiB, with the slots of two processors
)

// measureServe measures the time from the start of `latchkey serve`, over a store with users, to its first answer, and its memory
// after many logins. The hash is the cheapest, so that its memory does not count.
func measureServe(ctx context.Context, latchkey, dir string) ([]result, error) {
	ours, to, err := serveLatchkey(ctx, latchkey, dir+"/serve", loginUsers, loginClients, cheaply)
	if err != nil {
		return nil, err
	}
	defer ours.stop()
	if err := to.run(ctx, served); err != nil {
		return nil, err
	}
	memory, err := resident(ours.cmd.Process.Pid)
	if err != nil {
		return nil, err
	}
	env := append(storeIn(dir+"/serve"), cheaply)
	var starts sample
	for range serveTurns {
		began := time.Now()
		s, to, err := startServer(ctx, env, loginUsers, loginClients, latchkey, "serve", "--addr", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		err = to.get(ctx, "/healthz")
		took := time.Since(began)
		s.stop()
		if err != nil {
			return nil, err
		}
		starts = append(starts, inMilliseconds(took))
	}
	atDefault, err := memoryAtDefault(ctx, latchkey, dir)
	if err != nil {
		return nil, err
	}
	return []result{
		{
			name: "serve, exec to the first answer", ours: milliseconds(starts.median()),
			value: starts.median(), goal: goal{most: servedWithin, unit: " ms"},
		}, {
			name: fmt.Sprintf("serve, memory after %d logins", served), ours: fmt.Sprintf("%.1f MiB", memory),
			value: memory, goal: goal{most: serveMemory, unit: " MiB"},
		}, atDefault,
	}, nil
}

// memoryAtDefault measures the memory of `latchkey serve` after as many logins at the default hash.
func memoryAtDefault(ctx context.Context, latchkey, dir string) (result, error) {
	ours, to, err := serveLatchkey(ctx, latchkey, dir+"/serve-default", hashingUsers, defaultClients)
	if err != nil {
		return result{}, err
	}
	defer ours.stop()
	if err := to.run(ctx, served); err != nil {
		return result{}, err
	}
	memory, err := resident(ours.cmd.Process.Pid)
	return result{
		name: fmt.Sprintf("the same at the default hash, %d clients", defaultClients), ours: fmt.Sprintf("%.1f MiB", memory),
		value: memory, goal: goal{most: defaultMemory, unit: " MiB"},
	}, err
}

// resident returns the resident memory of the process in MiB (proc(5), statm).
func resident(pid int) (float64, error) {
	text, err := os.ReadFile(filepath.Join("/proc", fmt.Sprint(pid), "statm"))
	if err != nil {
		return 0, fmt.Errorf("read how much memory a process holds: %w", err)
	}
	var size, pages int
	if _, err := fmt.Sscan(string(text), &size, &pages); err != nil {
		return 0, fmt.Errorf("read how much memory a process holds: %w", err)
	}
	return float64(pages*os.Getpagesize()) / (1 << 20), nil
}
