package main

import (
	"cmp"
	"errors"

	"github.com/spf13/cobra"

	"latchkey/internal/admin"
)

func usersFactorsCommand(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use: "factors EMAIL|ID", Short: "List or remove a user's second factors", Args: exactArgs("EMAIL|ID"),
		Long: `Lists the user's authenticator apps and passkeys, when each was last used, and how many recovery codes are left. With
--reset it removes them all, for a user who has lost them: the password is then enough, or the next sign-in asks for
a new factor if FACTOR_ROLES names the user's role. Make sure that you talk to the user before you do.

` + emailOrID,
		Example: "  latchkey users factors ada@example.com\n  latchkey users factors ada@example.com --reset",
	}
	asJSON := jsonFlag(cmd)
	reset := cmd.Flags().Bool("reset", false, "remove all second factors and recovery codes")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *reset && *asJSON {
			return usageError{errors.New("--reset prints no JSON")}
		}
		if *reset {
			return c.resetFactors(cmd, args[0])
		}
		return c.inspect(cmd, func(a *admin.Admin) error {
			facts, err := a.Factors(cmd.Context(), args[0])
			switch {
			case err != nil:
				return err
			case *asJSON:
				return c.printJSON(facts)
			}
			return c.printFactors(facts)
		})
	}
	return cmd
}

func (c *cli) resetFactors(cmd *cobra.Command, name string) error {
	return c.administer(cmd, func(a *admin.Admin) error {
		u, removed, err := a.ResetFactors(cmd.Context(), name)
		if err != nil {
			return err
		}
		c.tell("second factors removed from %s: %d\n", u.Email, removed)
		return nil
	})
}

func (c *cli) printFactors(facts admin.FactorFacts) error {
	table := c.table("ID", "KIND", "NAME", "CREATED", "LAST USED")
	for _, f := range facts.Factors {
		used := "-"
		if f.LastUsedAt != nil {
			used = formatTime(*f.LastUsedAt)
		}
		table.row(f.ID, f.Kind, cmp.Or(f.Name, "-"), formatTime(f.CreatedAt), used)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	c.tell("%d recovery codes are left; %d wrong codes since the last right one\n", facts.RecoveryCodes, facts.WrongCodes)
	if facts.Devices > 0 {
		c.tell("remembered devices, which are not asked for a factor: %d; 'latchkey users sign-out' and --reset end them\n", facts.Devices)
	}
	if facts.CodesWaitUntil != nil {
		c.tell("codes are refused until %s; 'latchkey users unlock' ends that\n", formatTime(*facts.CodesWaitUntil))
	}
	return nil
}
