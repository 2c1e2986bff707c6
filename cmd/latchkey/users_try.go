package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"latchkey/internal/admin"
	"latchkey/internal/auth"
	"latchkey/internal/terminal"
)

func usersTryCommand(c *cli) *cobra.Command {
	var hashFrom string
	var fromStdin, asJSON bool
	cmd := &cobra.Command{
		Use: "try EMAIL|ID", Short: "Try a known password against a user's hash", Args: tryArgs(&hashFrom),
		Long: `Checks a password that you know against the user's stored hash, or with --hash against a hash from another system, before
you move its users in. It prints the scheme of the hash, whether the password matches, and whether a sign-in would renew
the hash. The password is asked for without echo; --password-stdin reads it from the first line of standard input
instead, and then --hash - reads the hash from the lines after it. Nothing is stored or counted. The exit code is 1 if
the password does not match.

` + emailOrID,
		Example: `  latchkey users try ada@example.com
  latchkey users try --hash hash.txt
  latchkey users try ada@example.com --password-stdin --json < password.txt`,
		RunE: func(cmd *cobra.Command, args []string) error {
			ask := c.dialog().KnownPassword
			if fromStdin {
				ask = c.dialog().PasswordLine
			}
			var trial admin.Trial
			var err error
			if hashFrom != "" {
				trial, err = c.tryGiven(cmd, hashFrom, fromStdin, ask)
			} else {
				trial, err = c.tryStored(cmd, args[0], ask)
			}
			if err != nil {
				return err
			}
			return c.printTrial(trial, asJSON)
		},
	}
	cmd.Flags().StringVar(&hashFrom, "hash", "", "file with a hash to try instead of a stored one; - for standard input")
	cmd.Flags().BoolVar(&fromStdin, "password-stdin", false, "read the password from the first line of standard input")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// tryArgs requires a user, or no argument if a hash is given.
func tryArgs(hashFrom *string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if *hashFrom != "" && len(args) == 0 {
			return nil
		}
		return exactArgs("EMAIL|ID")(cmd, args)
	}
}

func (c *cli) tryStored(cmd *cobra.Command, name string, ask func(context.Context) (string, error)) (trial admin.Trial, err error) {
	config, err := c.config(cmd)
	if err != nil {
		return trial, usageError{err}
	}
	err = c.inspect(cmd, func(a *admin.Admin) (err error) {
		trial, err = a.TryPassword(cmd.Context(), config.NewHasher(), name, ask)
		return err
	})
	return trial, err
}

func (c *cli) tryGiven(cmd *cobra.Command, hashFrom string, fromStdin bool, ask func(context.Context) (string, error)) (trial admin.Trial, err error) {
	config, err := c.config(cmd)
	if err != nil {
		return trial, usageError{err}
	}
	if !fromStdin && !c.dialog().CanAsk() {
		return trial, terminal.ErrCannotAsk
	}
	text, err := c.readHash(cmd.Context(), hashFrom)
	if err != nil {
		return trial, fmt.Errorf("read the hash: %w", err)
	}
	if fromStdin && hashFrom == "-" {
		line, rest, _ := strings.Cut(text, "\n")
		text, ask = rest, terminal.Dialog{In: strings.NewReader(line)}.PasswordLine
	}
	plain, err := ask(cmd.Context())
	if err != nil {
		return trial, err
	}
	return admin.TryHash(cmd.Context(), config.NewHasher(), strings.Trim(text, "\r\n"), plain)
}

// readHash reads the whole file, which is not much longer than the longest hash and a password.
func (c *cli) readHash(ctx context.Context, name string) (string, error) {
	const most = 16 << 10
	in, err := c.open(ctx, name)
	if err != nil {
		return "", err
	}
	defer in.Close()
	text, err := io.ReadAll(io.LimitReader(in, most+1))
	if err == nil && len(text) > most {
		err = errors.New("the file is too long for a hash")
	}
	return strings.TrimPrefix(string(text), "\ufeff"), err
}

func (c *cli) printTrial(trial admin.Trial, asJSON bool) error {
	var err error
	if asJSON {
		err = c.printJSON(trial)
	} else {
		_, err = fmt.Fprintln(c.out, trialText(trial))
	}
	if err == nil && !trial.Matches {
		return errFailed
	}
	return err
}

func trialText(trial admin.Trial) string {
	var text strings.Builder
	if trial.Email != "" {
		fmt.Fprintf(&text, "%s: ", trial.Email)
	}
	switch fmt.Fprintf(&text, "%s; ", trial.Hash); {
	case !trial.Matches && trial.Why != "":
		fmt.Fprintf(&text, "the password does not match: %s", trial.Why)
	case !trial.Matches:
		text.WriteString("the password does not match; docs/hashes.md says which systems change passwords before hashing them")
	case trial.Renewed:
		text.WriteString("the password matches; a sign-in renews the hash")
	default:
		text.WriteString("the password matches; the hash is as new ones are")
	}
	if trial.Status != "" && trial.Status != auth.StatusReady {
		fmt.Fprintf(&text, "; the user is %s and cannot sign in", trial.Status)
	}
	return text.String()
}
