package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/app"
	"latchkey/internal/doctor"
	"latchkey/internal/terminal"
)

// examination is what the flags of doctor say.
type examination struct {
	stack, attest  string
	census, asJSON bool
	timeout        time.Duration
}

func doctorCommand(c *cli) *cobra.Command {
	var flags examination
	cmd := &cobra.Command{
		Use: "doctor [URL]", Short: "Check a deployment, and say what to do about each finding", Args: cobra.ArbitraryArgs,
		Long: `Checks what the deployment answers at its URL: issuer, discovery and public keys, both contracts by sign-ins that are
refused, cookies, headers, CORS, clocks, the certificate, and throttling. With --stack it also checks what AWS says of a
stack, whose URL and settings it then knows: functions, table, rotation, alarms, rate limits, mail, and hashes. It changes
nothing. Its sign-ins name a user that cannot exist; they count as failures of this machine's address, about ten a run,
and appear in the audit.

With --keys it reads the age of the keys from the ring, with --census it compares DECOYS with the hashes of all users,
and with --attest it rebuilds every function from the commit and compares the programs, which takes minutes. It prints
no secret and no part of what a server that is not Latchkey answers.

Exit codes: 0 nothing to do; 1 warnings or faults; 2 not understood; 3 nothing bad was found, but something could not be
checked.`,
		Example: `  latchkey doctor https://login.example.com
  latchkey doctor https://login.example.com --allowed-origins https://app.example.com --json
  latchkey doctor --stack latchkey --census
  latchkey doctor --stack latchkey --attest=v1.2.3`,
		RunE: func(cmd *cobra.Command, args []string) error { return c.examine(cmd, args, flags) },
	}
	cmd.Flags().StringVar(&flags.stack, "stack", "", "the CloudFormation stack of the deployment")
	cmd.Flags().BoolVar(&flags.census, "census", false, "compare DECOYS with the hashes of all users, which reads the whole table")
	cmd.Flags().StringVar(&flags.attest, "attest", "", "rebuild the functions from this version, in a clone of the repository, and compare; without a value: this command's version")
	cmd.Flags().Lookup("attest").NoOptDefVal = app.Version()
	cmd.Flags().DurationVar(&flags.timeout, "timeout", time.Minute, "the longest that all checks may take, apart from --census and --attest")
	cmd.Flags().BoolVar(&flags.asJSON, "json", false, "print JSON")
	addFlags(cmd, "ISSUER", "CONTRACTS", "ALLOWED_ORIGINS")
	return cmd
}

func (f examination) check(args []string) error {
	switch {
	case len(args) > 1 || len(args) == 0 && f.stack == "":
		return fmt.Errorf("doctor takes one URL, or --stack NAME, and got %s", cmp.Or(strings.Repeat("several URLs", min(1, len(args))), "neither"))
	case (f.census || f.attest != "") && f.stack == "":
		return errors.New("--census and --attest need --stack NAME")
	case f.timeout <= 0 || f.timeout > time.Hour:
		return errors.New("--timeout is a duration up to 1h, like 1m")
	}
	return nil
}

func (c *cli) examine(cmd *cobra.Command, args []string, flags examination) error {
	if err := flags.check(args); err != nil {
		return usageError{err}
	}
	config, err := c.config(cmd)
	if err != nil {
		return usageError{err}
	}
	base := ""
	if len(args) == 1 {
		if base, err = doctor.ParseURL(args[0]); err != nil {
			return usageError{err}
		}
	}
	want := c.expected(cmd, config, base)
	ctx, cancel := context.WithTimeout(cmd.Context(), flags.timeout)
	defer cancel()
	var report doctor.Report
	if flags.stack != "" {
		if report, err = c.openStack(ctx, flags, &want); err != nil {
			return err
		}
	}
	if want.URL != "" {
		report.Findings = append(report.Findings, doctor.New(want).Run(ctx, doctor.URLChecks()).Findings...)
	}
	if want.Stack != nil {
		report.Findings = append(report.Findings, c.examineStack(cmd.Context(), ctx, flags, want).Findings...)
	}
	return c.printReport(report, flags.asJSON)
}

// examineStack gives the checks that read or build a lot as long as they take.
func (c *cli) examineStack(whole, limited context.Context, flags examination, want doctor.Config) doctor.Report {
	if flags.census {
		limited = whole
	}
	d := doctor.New(want)
	report := d.Run(limited, doctor.StackChecks())
	if flags.attest != "" {
		report.Findings = append(report.Findings, d.Run(whole, doctor.AttestChecks()).Findings...)
	}
	return report
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
