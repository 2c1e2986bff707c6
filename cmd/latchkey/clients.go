package main

import (
	"github.com/spf13/cobra"
)

func clientsCommand(c *cli) *cobra.Command {
	return group("clients", "Add, list, rotate and disable API clients",
		clientsAddCommand(c), clientsListCommand(c), clientsRotateCommand(c), clientsDisableCommand(c))
}
