package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"latchkey/internal/app"
)

func versionCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version and what it was built with", Args: noArguments,
		Long:    "Prints one line: the release or commit this binary was built from, the Go release, and the platform.",
		Example: "  latchkey version",
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(c.out, versionLine())
			return err
		},
	}
}

func versionLine() string {
	return fmt.Sprintf("latchkey %s %s %s/%s", app.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
