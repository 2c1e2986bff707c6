package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"latchkey/internal/password"
	"latchkey/internal/terminal"
)

func usersCommand(c *cli) *cobra.Command {
	return group("users", "Add, import, show and change users",
		usersAddCommand(c), usersImportCommand(c), usersExportCommand(c), usersShowCommand(c), usersListCommand(c), usersHashesCommand(c), usersTryCommand(c),
		usersUpdateCommand(c), usersDeleteCommand(c),
		usersSetPasswordCommand(c), usersUnlockCommand(c), usersSessionsCommand(c), usersSignOutCommand(c),
		usersDisableCommand(c), usersEnableCommand(c))
}

const emailOrID = "A user is named by e-mail address or by id. If one user's address is another's id, the address counts."

// newHash returns a function that asks for a password that a person chose, and hashes it.
func (c *cli) newHash(cmd *cobra.Command, fromStdin bool) (func(context.Context) (string, error), error) {
	config, err := c.config(cmd)
	if err != nil {
		return nil, usageError{err}
	}
	return func(ctx context.Context) (string, error) {
		ask := c.dialog().Password
		if fromStdin {
			ask = c.dialog().PasswordLine
		}
		chosen, err := ask(ctx)
		if err != nil {
			return "", err
		}
		if err := password.CheckNew(chosen); err != nil {
			return "", fmt.Errorf("that password cannot be used: %w", err)
		}
		return config.NewHasher().Hash(ctx, chosen)
	}, nil
}

func (c *cli) dialog() terminal.Dialog { return terminal.Dialog{In: c.in, Out: c.err} }
