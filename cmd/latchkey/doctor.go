package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/app"
	"latchkey/internal/doctor"
	"latchkey/internal/keyring"
	"latchkey/internal/terminal"
)

// examination is what the flags of doctor say.
type examination struct {
	timeout time.Duration
	asJSON  bool
}

func doctorCommand(c *cli) *cobra.Command {
	var flags examination
	cmd := &cobra.Command{
		Use: "doctor URL", Short: "Check a deployment, and say what to do about each finding", Args: exactArgs("URL"),
		Long: `Checks what the deployment answers at its URL: issuer, discovery and public keys, both contracts by sign-ins that are
refused, cookies, headers, CORS, clocks, the certificate, and throttling. It changes nothing. Its sign-ins name a user
that cannot exist; they count as failures of this machine's address, about ten a run, and appear in the audit.

With --keys it also reads the age of the keys from the ring. It prints no secret and no part of what a server that is
not Latchkey answers.

Exit codes: 0 nothing to do; 1 warnings or faults; 2 not understood; 3 nothing bad was found, but something could not be
checked.`,
		Example: `  latchkey doctor https://login.example.com
  latchkey doctor https://login.example.com --allowed-origins https://app.example.com --json`,
		RunE: func(cmd *cobra.Command, args []string) error { return c.examine(cmd, args[0], flags) },
	}
	cmd.Flags().DurationVar(&flags.timeout, "timeout", time.Minute, "the longest that all checks may take")
	cmd.Flags().BoolVar(&flags.asJSON, "json", false, "print JSON")
	addFlags(cmd, "ISSUER", "CONTRACTS", "ALLOWED_ORIGINS")
	return cmd
}

func (c *cli) examine(cmd *cobra.Command, argument string, flags examination) error {
	if flags.timeout <= 0 || flags.timeout > time.Hour {
		return usageError{errors.New("--timeout is a duration up to 1h, like 1m")}
	}
	base, err := doctor.ParseURL(argument)
	if err != nil {
		return usageError{err}
	}
	config, err := c.config(cmd)
	if err != nil {
		return usageError{err}
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), flags.timeout)
	defer cancel()
	d := doctor.New(c.expected(cmd, config, base))
	return c.printReport(d.Run(ctx, doctor.URLChecks()), flags.asJSON)
}

// expected is what the settings say about the deployment.
func (c *cli) expected(cmd *cobra.Command, config app.Config, base string) doctor.Config {
	want := doctor.Config{URL: base, Contracts: app.Contracts(config), Paths: app.Paths(config), Origins: config.AllowedOrigins}
	if c.isSet(cmd, app.Prefix+"ISSUER") {
		want.Issuer = config.Issuer.String()
	}
	if c.isSet(cmd, app.Prefix+"KEYS") {
		want.Ring = func(ctx context.Context) ([]keyring.KeyFacts, error) { return c.ringFacts(ctx, config.Keys) }
	}
	return want
}

func (c *cli) ringFacts(ctx context.Context, at app.Location) ([]keyring.KeyFacts, error) {
	place, err := c.openRing(ctx, app.Config{Keys: at})
	if err != nil {
		return nil, err
	}
	defer place.Close()
	ring, _, err := keyring.Load(ctx, place)
	if err != nil {
		return nil, err
	}
	return ring.Facts(), nil
}

// printReport prints the findings and returns the error that gives the exit code.
func (c *cli) printReport(report doctor.Report, asJSON bool) error {
	print := c.printFindings
	if asJSON {
		print = func(r doctor.Report) error { return c.printJSON(r) }
	}
	err := print(report)
	switch {
	case err != nil:
		return err
	case report.Has(doctor.Warning, doctor.Fault):
		return errFailed
	case report.Has(doctor.Unknown):
		return errUnchecked
	}
	return nil
}

func (c *cli) printFindings(report doctor.Report) error {
	counts := map[doctor.Level]int{}
	var text strings.Builder
	for _, f := range report.Findings {
		counts[f.Level]++
		fmt.Fprintf(&text, "%-15s  %-12s  %s\n", f.Level, f.Check, terminal.EscapeField(f.Message))
		if f.Advice != "" {
			fmt.Fprintf(&text, "%15s  %12s  → %s\n", "", "", terminal.EscapeField(f.Advice))
		}
	}
	fmt.Fprintln(&text)
	var parts []string
	for _, level := range []doctor.Level{doctor.OK, doctor.Warning, doctor.Fault, doctor.NotChecked, doctor.Unknown} {
		if counts[level] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[level], level))
		}
	}
	fmt.Fprintln(&text, strings.Join(parts, ", "))
	_, err := io.WriteString(c.out, text.String())
	return err
}
