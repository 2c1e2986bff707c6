package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"latchkey/internal/app"
)

// Exit codes, the same for every command.
const (
	exitOK     = 0
	exitFailed = 1 // the command was understood and could not do all of it
	exitUsage  = 2 // the command was not understood; nothing was done
)

// cli is the outside world of a command: tests bring their own.
type cli struct {
	in       io.Reader
	out, err io.Writer
	getenv   func(string) string
	root     *cobra.Command
}

// errFailed ends a command that has already said on standard error what went wrong.
var errFailed = errors.New("failed")

// usageError is a command line that was not understood.
type usageError struct{ error }

func run(ctx context.Context, c *cli, args []string) int {
	c.root = newRoot(c)
	c.root.SetArgs(args)
	c.root.SetIn(c.in)
	c.root.SetOut(c.out)
	c.root.SetErr(c.err)
	cmd, err := c.root.ExecuteContextC(ctx)
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errFailed):
		return exitFailed
	case errors.As(err, &usage) || strings.HasPrefix(err.Error(), "unknown command"):
		fmt.Fprintf(c.err, "latchkey: %v\nTry '%s --help'.\n", err, cmd.CommandPath())
		return exitUsage
	}
	fmt.Fprintf(c.err, "latchkey: %v\n", err)
	return exitFailed
}

func newRoot(c *cli) *cobra.Command {
	root := &cobra.Command{
		Use:   "latchkey",
		Short: "A login that keeps your contract",
		Long: `Latchkey checks passwords and issues tokens in the wire format that your clients already speak.

On a laptop 'latchkey serve' runs it over one SQLite file. The other commands manage users, API clients and
signing keys, in that file or, with --store dynamodb:TABLE and --keys secretsmanager:ID, in AWS with the
credentials that the aws command line uses.

Every setting can also be given in the environment: --store is LATCHKEY_STORE.`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	flags := root.PersistentFlags()
	flags.String("store", "sqlite:latchkey.db", "where users are: sqlite:PATH or dynamodb:TABLE")
	flags.String("keys", "file:latchkey-keys.json", "where the signing keys are: file:PATH or secretsmanager:ID")
	root.AddCommand(serveCommand(c), invokeCommand(c), usersCommand(c), clientsCommand(c), keysCommand(c))
	return root
}

// group is a command that only holds others; without one of them it shows its help.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usageError{fmt.Errorf("%s has no command %q", cmd.CommandPath(), args[0])}
		}
		return nil
	}, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(commands...)
	return cmd
}

// exactly asks for the named arguments, no more and no fewer.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != len(names) {
			return usageError{fmt.Errorf("%s takes %s, and got %d arguments", cmd.CommandPath(), strings.Join(names, " "), len(args))}
		}
		return nil
	}
}

func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("%s takes no arguments, and got %q", cmd.CommandPath(), args[0])}
	}
	return nil
}

// setting reads one as a flag of the command, else from the environment, else its default in the CLI.
func (c *cli) setting(cmd *cobra.Command, variable string) string {
	name := flagName(strings.TrimPrefix(variable, app.Prefix))
	flag := cmd.Flags().Lookup(name)
	if flag != nil && flag.Changed {
		return flag.Value.String()
	}
	if v := c.getenv(variable); v != "" {
		return v
	}
	if flag != nil {
		return flag.Value.String()
	}
	switch name { // commands without the flag
	case "issuer":
		return "http://" + defaultAddr
	}
	return ""
}

func flagName(setting string) string { return strings.ReplaceAll(strings.ToLower(setting), "_", "-") }
