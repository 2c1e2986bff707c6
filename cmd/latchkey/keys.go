package main

import (
	"github.com/spf13/cobra"
)

func keysCommand(c *cli) *cobra.Command {
	return group("keys", "Make, list and change signing keys",
		keysInitCommand(c), keysListCommand(c), keysRotateCommand(c), keysRevokeCommand(c))
}
