package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"latchkey/internal/auth"
)

func passwordsCheckCommand(c *cli) *cobra.Command {
	var fromStdin bool
	cmd := &cobra.Command{
		Use: "check", Short: "Say whether a password may be chosen", Args: noArguments,
		Long: `Asks for a password without echo and says which rule refuses it, if one does. It exits 0 if the password may be
chosen and 1 if not. Nothing is stored or sent.`,
		Example: "  latchkey passwords check\n  latchkey passwords check --password-stdin < password.txt",
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, rules, err := c.passwordRules(cmd)
			if err != nil {
				return err
			}
			ask := c.dialog().Password
			if fromStdin {
				ask = c.dialog().PasswordLine
			}
			chosen, err := ask(cmd.Context())
			if err != nil {
				return err
			}
			if err := rules.Check(auth.User{}, chosen); err != nil {
				fmt.Fprintln(c.out, err)
				return errFailed
			}
			fmt.Fprintln(c.out, "The password may be chosen")
			return nil
		},
	}
	cmd.Flags().BoolVar(&fromStdin, "password-stdin", false, "read the password from the first line of standard input")
	return cmd
}
