package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"latchkey/internal/passlist"
)

func passwordsBuildCommand(c *cli) *cobra.Command {
	var target string
	var top int
	cmd := &cobra.Command{
		Use: "build LIST|-", Short: "Make a list from a file of passwords", Args: exactArgs("LIST"),
		Long: `Reads passwords, one on each line, or their SHA-1 digests as haveibeenpwned.com publishes them, and writes a list for
PASSWORD_LIST. A list takes about two bytes for each password, and takes one other password in about 65,000 for a listed one.`,
		Example: `  latchkey passwords build words.txt -o more.list
  latchkey passwords build pwnedpasswords.txt --top 10000000 -o pwned.list`,
		ValidArgsFunction: fileNames(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case target == "":
				return usageError{errors.New("name the file to write with --output")}
			case top < 0:
				return usageError{errors.New("--top is a number from 1, or 0 for all")}
			}
			source, err := c.open(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			defer source.Close()
			var list bytes.Buffer
			count, err := passlist.Build(source, &list, top)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			if err := os.WriteFile(target, list.Bytes(), 0o644); err != nil {
				return fmt.Errorf("write the list: %w", err)
			}
			fmt.Fprintf(c.out, "%d passwords in %d bytes\n", count, list.Len())
			return nil
		},
	}
	cmd.Flags().StringVarP(&target, "output", "o", "", "file to write")
	cmd.Flags().IntVar(&top, "top", 0, "keep only this many: the most frequent if the source counts them, else the first")
	return cmd
}
