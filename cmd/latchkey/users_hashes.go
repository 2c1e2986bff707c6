package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"latchkey/internal/admin"
	"latchkey/internal/admin/bulk"
	"latchkey/internal/app"
	"latchkey/internal/auth"
)

// maxDecoysSize, in bytes, leaves room for the other settings in the 4 KiB that a Lambda function has for variables.
const maxDecoysSize = 2 << 10

func usersHashesCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use: "hashes", Short: "Count the kinds of password hashes, and print DECOYS for them", Args: noArguments,
		Long: `Counts the ready users by what their password hashes cost, and prints the setting DECOYS with which unknown addresses
cost the same, in the same shares. Without it the time of an answer reveals who came with a hash of another system and
has not signed in since. New hashes get at least a tenth, for users who will sign in; set it again when shares have
changed. The output holds nothing of any user's hash.`,
		Example: "  latchkey users hashes",
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := c.config(cmd)
			if err != nil {
				return usageError{err}
			}
			return c.inspect(cmd, func(a *admin.Admin) error {
				return a.WithStore(cmd.Context(), func(store admin.Store) error {
					census, err := bulk.CountHashes(store.AllUsers(cmd.Context()), config.NewHasher())
					if err != nil {
						return err
					}
					return c.printCensus(census)
				})
			})
		},
	}
}

// fitDecoys reports whether the decoys fit into the setting.
func fitDecoys(decoys []auth.Decoy) bool {
	return len(decoys) <= app.MaxDecoys && len(app.FormatDecoys(decoys)) <= maxDecoysSize
}

func (c *cli) printCensus(census bulk.Census) error {
	table := c.table()
	fmt.Fprintln(table, "USERS\tHASH")
	for _, k := range append([]bulk.HashKind{census.Own}, census.Kinds...) {
		fmt.Fprintf(table, "%d\t%s\n", k.Users, k.Hash)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if len(census.Kinds) == 0 {
		fmt.Fprintln(c.err, "all hashes cost what new ones cost: DECOYS may stay empty")
		return nil
	}
	decoys, left := census.Decoys(fitDecoys)
	users := 0
	for _, k := range left {
		users += k.Users
	}
	if users > 0 {
		fmt.Fprintf(c.err, "DECOYS is without the %d rarest kinds, of %d users: it has %d entries and %d bytes at most\n",
			len(left), users, app.MaxDecoys, maxDecoysSize)
	}
	_, err := fmt.Fprintf(c.out, "\n%sDECOYS='%s'\n", app.Prefix, app.FormatDecoys(decoys))
	return err
}
