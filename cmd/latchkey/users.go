package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"latchkey/internal/admin"
	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/terminal"
)

func usersCommand(c *cli) *cobra.Command {
	return group("users", "Add, import, show and change users",
		usersAddCommand(c), usersImportCommand(c), usersExportCommand(c), usersInviteCommand(c), usersShowCommand(c), usersListCommand(c), usersHashesCommand(c), usersTryCommand(c),
		usersUpdateCommand(c), usersDeleteCommand(c),
		usersSetPasswordCommand(c), usersUnlockCommand(c), usersFactorsCommand(c), usersSessionsCommand(c), usersSignOutCommand(c),
		usersDisableCommand(c), usersEnableCommand(c))
}

const emailOrID = "A user is named by e-mail address or by id. If one user's address is another's id, the address counts."

// newHash returns a function that asks for a password that a person chose, and hashes it.
// A listed one is refused, unless the operator allows it.
func (c *cli) newHash(cmd *cobra.Command, fromStdin, allowListed bool) (admin.NewHash, error) {
	config, rules, err := c.passwordRules(cmd)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, u auth.User) (string, bool, error) {
		ask := c.dialog().Password
		if fromStdin {
			ask = c.dialog().PasswordLine
		}
		chosen, err := ask(ctx)
		if err != nil {
			return "", false, err
		}
		isListed, err := checkChosen(rules, u, chosen, allowListed)
		if err != nil {
			return "", false, err
		}
		hash, err := config.NewHasher().Hash(ctx, chosen)
		return hash, isListed, err
	}, nil
}

func (c *cli) dialog() terminal.Dialog { return terminal.Dialog{In: c.in, Out: c.err} }

// operatorsMinimum is the least number of characters of a password that an operator sets (ASVS 6.2.1).
const operatorsMinimum = 8

// passwordRules returns what the deployment asks of a password that an operator sets.
func (c *cli) passwordRules(cmd *cobra.Command) (app.Config, auth.PasswordRules, error) {
	config, err := c.config(cmd)
	if err != nil {
		return app.Config{}, auth.PasswordRules{}, usageError{err}
	}
	listed, err := config.ListedPasswords()
	return config, auth.PasswordRules{Min: operatorsMinimum, Service: config.Name(), Listed: listed}, err
}

// checkChosen reports whether the password is a listed one that the operator allows. Any other refusal is an error.
func checkChosen(rules auth.PasswordRules, u auth.User, chosen string, allowListed bool) (listed bool, err error) {
	err = rules.Check(u, chosen)
	var refused *auth.RefusedPassword
	switch {
	case err == nil:
		return false, nil
	case !errors.As(err, &refused):
		return false, err
	case allowListed && (refused.Rule == auth.RuleListed || refused.Rule == auth.RuleContext):
		return refused.Rule == auth.RuleListed, nil
	case refused.Rule == auth.RuleListed || refused.Rule == auth.RuleContext:
		return false, fmt.Errorf("that password cannot be used: %w; choose another, or pass --allow-listed", err)
	}
	return false, fmt.Errorf("that password cannot be used: %w", err)
}
