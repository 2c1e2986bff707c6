// Command timing measures whether response times reveal who is a user. It tries to sign in at a real `latchkey serve` in all
// ways that are refused, in turns, and compares the times of each two by ranks and medians.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
)

func main() {
	n := flag.Int("n", 400, "attempts of each kind")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *n); err != nil {
		fmt.Fprintln(os.Stderr, "timing:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, n int) error {
	dir, err := os.MkdirTemp("", "latchkey-timing-*")
	if err != nil {
		return fmt.Errorf("make a working directory: %w", err)
	}
	defer os.RemoveAll(dir)
	binary := dir + "/latchkey"
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", binary, "./cmd/latchkey")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build latchkey: %w\n%s", err, out)
	}
	differ := 0
	for _, measure := range []func(ctx context.Context, binary string, n int) ([]table, error){
		asDeployed, aroundTheHash, throttledPair, throttledUser, resets, withFactors, imported,
	} {
		tables, err := measure(ctx, binary, n)
		if err != nil {
			return err
		}
		for _, t := range tables {
			differ += t.print()
		}
	}
	if differ > 0 {
		return fmt.Errorf("%d pairs differ", differ)
	}
	fmt.Println("\nno pair differs")
	return nil
}
