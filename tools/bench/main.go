// Command bench compares Latchkey with programs that do the minimum: a bare server, a bare hash, an empty function. Both
// sides take turns in one run and the result is a ratio, because a busy machine affects both alike. It needs Linux, where it
// reads processor time from /proc.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures, or is the bare side of the bench that started it.
func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	only := flags.String("only", "", "measure this alone: login, hash, hashing, sessions, overload, serve, import or function")
	users := flags.Int("users", importUsers, "how many users to import; the goals are for a million")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return runBaseline(ctx, flags.Args())
	}
	dir, err := os.MkdirTemp("", "latchkey-bench-*")
	if err != nil {
		return fmt.Errorf("make a working directory: %w", err)
	}
	defer os.RemoveAll(dir)
	latchkey := dir + "/latchkey"
	if err := command(ctx, "go", "build", "-trimpath", "-o", latchkey, "./cmd/latchkey"); err != nil {
		return err
	}
	fmt.Printf("%s; %d processors; load averages %s\n\n", processor(), runtime.NumCPU(), loadAverages())
	fmt.Println(heading())
	var missed bool
	for _, part := range []struct {
		name    string
		measure func() ([]result, error)
	}{
		{"login", func() ([]result, error) { return measureLogin(ctx, latchkey, dir) }},
		{"hash", func() ([]result, error) { return measureHash(ctx, latchkey, dir) }},
		{"hashing", func() ([]result, error) { return measureHashing(ctx, latchkey, dir) }},
		{"sessions", func() ([]result, error) { return measureSessions(ctx, latchkey, dir) }},
		{"overload", func() ([]result, error) { return measureOverload(ctx, latchkey, dir) }},
		{"serve", func() ([]result, error) { return measureServe(ctx, latchkey, dir) }},
		{"import", func() ([]result, error) { return measureImport(ctx, latchkey, dir, *users) }},
		{"function", func() ([]result, error) { return measureFunction(ctx, dir) }},
	} {
		if *only != "" && *only != part.name {
			continue
		}
		results, err := part.measure()
		if err != nil {
			return err
		}
		for _, r := range results {
			fmt.Println(r)
			missed = missed || !r.met()
		}
	}
	fmt.Printf("\nload averages %s\n", loadAverages())
	if missed {
		return errors.New("a goal was missed")
	}
	return nil
}
