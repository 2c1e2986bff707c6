package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/app"
	"latchkey/internal/auth"
)

// Exit codes, the same for every command.
const (
	exitOK     = 0
	exitFailed = 1 // the command was understood and could not do all of it
	exitUsage  = 2 // the command was not understood; nothing was done
	// exitUnchecked is doctor's: nothing bad was found, but something could not be looked at.
	exitUnchecked = 3
)

// cli is the outside world of a command: tests bring their own.
type cli struct {
	in       io.Reader
	out, err io.Writer
	getenv   func(string) string
	environ  func() []string // every variable, NAME=value
	root     *cobra.Command
}

// errFailed ends a command that has already said on standard error what went wrong.
var errFailed = errors.New("failed")

// errUnchecked ends a doctor that could not look at everything, which its report says.
var errUnchecked = errors.New("not all was checked")

// usageError is a command line that was not understood.
type usageError struct{ error }

// cliError is a domain error with a message for the command line.
type cliError struct {
	error
	kind error
}

// Unwrap lets errors.Is find the kind.
func (e cliError) Unwrap() error { return e.kind }

func run(ctx context.Context, c *cli, args []string) int {
	c.root = newRoot(c)
	c.root.SetArgs(args)
	c.root.SetIn(c.in)
	c.root.SetOut(c.out)
	c.root.SetErr(c.err)
	strictCompletion(c.root)
	cmd, err := c.root.ExecuteContextC(ctx)
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errFailed):
		return exitFailed
	case errors.Is(err, errUnchecked):
		return exitUnchecked
	case errors.As(err, &usage) || strings.HasPrefix(err.Error(), "unknown command"):
		if cmd.Name() == "help" {
			cmd = c.root
		}
		c.tell("latchkey: %s\nTry '%s --help'.\n", strings.TrimSpace(err.Error()), cmd.CommandPath())
		return exitUsage
	}
	c.tell("latchkey: %v\n", err)
	var keys keysError
	switch { // another region, a mistyped name, no network: which one was it?
	case errors.As(err, &keys):
		c.tell("The keys are %s, see --keys.\n", c.setting(cmd, app.Prefix+"KEYS"))
	case errors.Is(err, auth.ErrUnavailable):
		c.tell("The store is %s, see --store.\n", c.setting(cmd, app.Prefix+"STORE"))
	}
	return exitFailed
}

func newRoot(c *cli) *cobra.Command {
	root := &cobra.Command{
		Use:   "latchkey",
		Short: "A login that keeps your contract",
		Long: `Latchkey checks passwords and issues tokens in the wire format that your clients already speak.

'latchkey serve' runs it on this machine, over one SQLite file. The other commands manage users, API clients and
signing keys, in that file or in AWS: with --store dynamodb:TABLE and --keys secretsmanager:ID they work there, in the
region and with the credentials that the aws command line would use.

Every setting can be given in the environment too: --store is LATCHKEY_STORE, and 'latchkey serve --help' lists them
all. A flag wins over the environment.

Exit codes: 0 all done; 1 not done, or not all of it; 2 not understood, and nothing done.`,
		Example: `  latchkey serve --demo                  # users to try it with, and curl lines
  latchkey users import users.jsonl
  latchkey users add ada@example.com     # asks for the password
  latchkey users list --store dynamodb:TABLE`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	flags := root.PersistentFlags()
	for _, s := range app.Settings() {
		if isRootFlag(s) {
			addFlag(flags, s)
		}
	}
	root.AddCommand(serveCommand(c), invokeCommand(c), usersCommand(c), passwordsCommand(c), mailCommand(c), clientsCommand(c), keysCommand(c), calibrateCommand(c), doctorCommand(c), versionCommand(c))
	root.Version = app.Version()
	root.SetVersionTemplate(versionLine() + "\n")
	root.InitDefaultVersionFlag() // now, so that help shows it however it is asked for
	root.PersistentPreRun = func(cmd *cobra.Command, _ []string) {
		if cmd.Name() == "serve" { // logs them
			return
		}
		for _, warning := range app.UnknownSettings(c.environ()) {
			c.tell("latchkey: warning: %s\n", warning)
		}
	}
	completeFlags(root)
	strictHelp(root)
	return root
}

// strictHelp makes 'latchkey help' fail on an unknown command; cobra's own prints the root's usage and succeeds.
func strictHelp(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	help, _, err := root.Find([]string{"help"})
	if err != nil {
		return
	}
	help.Run = nil
	help.Example = "  latchkey help users import"
	help.RunE = func(_ *cobra.Command, args []string) error {
		found, rest, err := root.Find(args)
		if err != nil || len(rest) > 0 {
			return usageError{fmt.Errorf("there is no command %q", strings.Join(args, " "))}
		}
		found.InitDefaultHelpFlag()
		return found.Help()
	}
}

// strictCompletion makes 'latchkey completion' refuse an unknown shell, because its output goes to a file. The command keeps
// the root's standard output, which must be set before.
func strictCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	if completion, _, err := root.Find([]string{"completion"}); err == nil {
		strictGroup(completion)
	}
}

// group is a command that only holds others.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, DisableFlagsInUseLine: true}
	cmd.AddCommand(commands...)
	strictGroup(cmd)
	return cmd
}

// strictGroup prints help when no subcommand is given and fails on an unknown one; cobra would exit 0.
func strictGroup(cmd *cobra.Command) {
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		hint := ""
		if like := cmd.SuggestionsFor(args[0]); len(like) > 0 {
			hint = "; did you mean " + strings.Join(like, " or ") + "?"
		}
		return usageError{fmt.Errorf("%s has no command %q%s", cmd.CommandPath(), args[0], hint)}
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	cmd.SuggestionsMinimumDistance = 2 // cobra sets it only for the root
}

// exactArgs asks for the named arguments, no more and no fewer.
func exactArgs(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == len(names) {
			return nil
		}
		plural := "s"
		if len(args) == 1 {
			plural = ""
		}
		return usageError{fmt.Errorf("%s takes %s, and got %d argument%s",
			cmd.CommandPath(), strings.Join(names, " "), len(args), plural)}
	}
}

func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("%s takes no arguments, and got %q", cmd.CommandPath(), args[0])}
	}
	return nil
}

// fileNames completes the last of n arguments to a file, and those before it to the words.
func fileNames(n int, words ...string) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) == n-1 {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return words, cobra.ShellCompDirectiveNoFileComp
	}
}

// addFlags makes the settings flags of a command.
func addFlags(cmd *cobra.Command, names ...string) {
	for _, s := range app.Settings() {
		if slices.Contains(names, s.Name) {
			addFlag(cmd.Flags(), s)
		}
	}
}

// isRootFlag reports whether every command has the setting's flag: it says where the command works.
func isRootFlag(s app.Setting) bool { return s.OnLaptop != "" || s.Name == "AUDIT" }

// flagSet is the part of a command's flags that settings need.
type flagSet interface {
	Bool(name string, value bool, usage string) *bool
	String(name, value, usage string) *string
}

// addFlag adds a setting's flag; its help lists the allowed words.
func addFlag(flags flagSet, s app.Setting) {
	help := s.Help
	if len(s.Words) > 0 && !s.Bool {
		help += ": " + strings.Join(s.Words, ", ")
	}
	if s.Bool {
		flags.Bool(flagName(s.Name), s.Default == "true", help)
		return
	}
	flags.String(flagName(s.Name), cmp.Or(s.OnLaptop, s.Default), help)
}

// config reads the settings of a command. Where no issuer is set, the local server is the issuer.
func (c *cli) config(cmd *cobra.Command) (app.Config, error) {
	return c.configAt(cmd, "http://"+app.DefaultAddr)
}

// configAt is config for a server that listens at base.
func (c *cli) configAt(cmd *cobra.Command, base string) (app.Config, error) {
	return app.ConfigFrom(func(variable string) string {
		value := c.setting(cmd, variable)
		if value == "" && variable == app.Prefix+"ISSUER" {
			return base
		}
		if variable == app.Prefix+"ADDR" {
			return c.address(cmd)
		}
		return value
	})
}

// address returns the setting ADDR; where neither flag nor variable sets it, PORT in the environment replaces the port.
func (c *cli) address(cmd *cobra.Command) string {
	const variable = app.Prefix + "ADDR"
	flag := cmd.Flags().Lookup(flagName("ADDR"))
	if port := c.getenv("PORT"); port != "" && flag != nil && !flag.Changed && c.getenv(variable) == "" {
		host, _, _ := net.SplitHostPort(app.DefaultAddr)
		return net.JoinHostPort(host, port)
	}
	return c.setting(cmd, variable)
}

// setting reads one as a flag of the command, else from the environment, else its default in the CLI.
func (c *cli) setting(cmd *cobra.Command, variable string) string {
	flag := cmd.Flags().Lookup(flagName(strings.TrimPrefix(variable, app.Prefix)))
	if flag != nil && flag.Changed {
		return flag.Value.String()
	}
	if value := c.getenv(variable); value != "" || flag == nil {
		return value
	}
	if demo := cmd.Flags().Lookup("demo"); demo != nil && demo.Changed && demo.Value.String() == "true" {
		if value, ok := demoDefault(variable); ok {
			return value
		}
	}
	return flag.Value.String()
}

// isSet reports whether the setting was given, as a flag or in the environment.
func (c *cli) isSet(cmd *cobra.Command, variable string) bool {
	flag := cmd.Flags().Lookup(flagName(strings.TrimPrefix(variable, app.Prefix)))
	return flag != nil && flag.Changed || c.getenv(variable) != ""
}

func flagName(setting string) string { return strings.ReplaceAll(strings.ToLower(setting), "_", "-") }

// formatTime formats t in UTC, "-" if zero.
func formatTime(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}
