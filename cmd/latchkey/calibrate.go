package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/app/profile"
	"latchkey/internal/awscall"
	"latchkey/internal/calibrate"
)

// calibration is what the flags of calibrate say.
type calibration struct {
	budget   time.Duration
	runs     int
	function string
	memories []int
	asJSON   bool
}

func calibrateCommand(c *cli) *cobra.Command {
	var flags calibration
	cmd := &cobra.Command{
		Use: "calibrate", Short: "Measure what password hashes cost, and recommend parameters", Args: noArguments,
		Long: `Measures argon2id with increasing memory, one hash at a time and on all processors, until a hash takes longer than the
budget. For each it prints sign-ins a second and core, the price of a million sign-ins on Lambda, and what guessing costs an
attacker, with the date of the prices; then the strongest PASSWORD_HASH within the budget, never weaker than the default.

With --function it measures on Lambda, in the function that a stack with Calibrate=on names in its output
CalibrateFunctionName. It is called with each memory size, which changes its configuration meanwhile. This part was tested
only against recorded answers, never on AWS.`,
		Example: `  latchkey calibrate
  latchkey calibrate --budget 250ms --json
  latchkey calibrate --function NAME --memory 512,1024,1769`,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.calibrate(cmd, flags) },
	}
	cmd.Flags().DurationVar(&flags.budget, "budget", 100*time.Millisecond, "the longest that a hash may take")
	cmd.Flags().IntVar(&flags.runs, "runs", 15, "hashes to compute for each measurement")
	cmd.Flags().StringVar(&flags.function, "function", "", "Lambda function to measure in; empty: this machine")
	cmd.Flags().IntSliceVar(&flags.memories, "memory", []int{512, 1024, calibrate.WholeProcessor, 3008}, "memory sizes of the function in MB")
	cmd.Flags().BoolVar(&flags.asJSON, "json", false, "print JSON")
	addFlags(cmd, "ARGON2")
	return cmd
}

func (c *cli) calibrate(cmd *cobra.Command, flags calibration) error {
	if err := flags.check(); err != nil {
		return usageError{err}
	}
	config, err := c.config(cmd)
	if err != nil {
		return usageError{err}
	}
	budget := float64(flags.budget) / float64(time.Millisecond)
	request := calibrate.Request{Params: calibrate.Candidates(), Runs: flags.runs, StopMS: budget, Argon2: config.Argon2}
	measured, err := c.measure(cmd.Context(), flags, request)
	if err != nil {
		return err
	}
	result, err := calibrate.Evaluate(measured, budget, calibrate.PriceTable())
	if err != nil {
		return err
	}
	if flags.asJSON {
		return c.printJSON(result)
	}
	return result.Print(c.out)
}

func (f calibration) check() error {
	switch {
	case f.budget <= 0 || f.budget > time.Minute:
		return errors.New("--budget is a duration up to 1m, like 100ms")
	case f.runs < 1 || f.runs > 1000:
		return errors.New("--runs is a number from 1 to 1000")
	case slices.ContainsFunc(f.memories, func(mb int) bool { return mb < 128 || mb > 10240 }):
		return errors.New("--memory has sizes from 128 to 10240, which Lambda allows")
	}
	return nil
}

func (c *cli) measure(ctx context.Context, flags calibration, request calibrate.Request) ([]calibrate.Measurement, error) {
	if flags.function == "" {
		here, err := calibrate.Measure(ctx, request)
		return []calibrate.Measurement{here}, err
	}
	aws, err := profile.Load(ctx)
	if err != nil {
		return nil, err
	}
	lambda := calibrate.Lambda{Caller: awscall.Caller{AWS: aws, Endpoint: c.endpoint}, Function: flags.function, Wait: time.Second}
	found, err := lambda.Measure(ctx, flags.memories, request)
	if err != nil {
		return nil, fmt.Errorf("calibrate on Lambda: %w", err)
	}
	return found, nil
}
