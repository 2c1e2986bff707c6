package main

import "github.com/spf13/cobra"

func passwordsCommand(c *cli) *cobra.Command {
	return group("passwords", "Make and ask lists of passwords that nobody may choose", passwordsBuildCommand(c), passwordsCheckCommand(c))
}
