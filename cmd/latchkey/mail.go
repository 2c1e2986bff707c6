package main

import "github.com/spf13/cobra"

func mailCommand(c *cli) *cobra.Command {
	return group("mail", "Look at the mails that users get, and retry those that failed", mailPreviewCommand(c), mailRetryCommand(c))
}
