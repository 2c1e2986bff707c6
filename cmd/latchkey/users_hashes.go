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
	var asJSON *bool
	cmd := &cobra.Command{
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
					if *asJSON {
						return c.printJSON(newCensusFacts(census))
					}
					return c.printCensus(census)
				})
			})
		},
	}
	asJSON = jsonFlag(cmd)
	return cmd
}

// censusFacts are a census in JSON, with the setting DECOYS, empty if new hashes are enough.
type censusFacts struct {
	Hashes []bulk.HashKind `json:"hashes"` // new ones first
	Decoys string          `json:"decoys"`
	Left   int             `json:"kindsLeftOut"` // of the decoys
}

func newCensusFacts(census bulk.Census) censusFacts {
	facts := censusFacts{Hashes: append([]bulk.HashKind{census.Own}, census.Kinds...)}
	if len(census.Kinds) > 0 {
		decoys, left := census.Decoys(fitDecoys)
		facts.Decoys, facts.Left = app.FormatDecoys(decoys), len(left)
	}
	return facts
}

// fitDecoys reports whether the decoys fit into the setting.
func fitDecoys(decoys []auth.Decoy) bool {
	return len(decoys) <= app.MaxDecoys && len(app.FormatDecoys(decoys)) <= maxDecoysSize
}

func (c *cli) printCensus(census bulk.Census) error {
	table := c.table("USERS", "HASH")
	for _, k := range append([]bulk.HashKind{census.Own}, census.Kinds...) {
		table.row(k.Users, k.Hash)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if len(census.Kinds) == 0 {
		c.tell("all hashes cost what new ones cost: DECOYS may stay empty\n")
		return nil
	}
	decoys, left := census.Decoys(fitDecoys)
	users := 0
	for _, k := range left {
		users += k.Users
	}
	if users > 0 {
		c.tell("DECOYS is without the %d rarest kinds, of %d users: it has %d entries and %d bytes at most\n",
			len(left), users, app.MaxDecoys, maxDecoysSize)
	}
	_, err := fmt.Fprintf(c.out, "\n%sDECOYS='%s'\n", app.Prefix, app.FormatDecoys(decoys))
	return err
}
