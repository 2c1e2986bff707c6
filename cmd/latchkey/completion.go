package main

import (
	"github.com/spf13/cobra"

	"latchkey/internal/app"
)

// completeFlags lets a shell complete the flags that take one of a few words, wherever they are.
func completeFlags(cmd *cobra.Command) {
	words := func(words ...cobra.Completion) cobra.CompletionFunc {
		return cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)
	}
	prefixes := func(prefixes ...cobra.Completion) cobra.CompletionFunc {
		return cobra.FixedCompletions(prefixes, cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveNoSpace)
	}
	completions := map[string]cobra.CompletionFunc{
		"audit":  cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault), // a file
		"status": words("ready", "pending", "disabled"), "kind": words("standard", "integration"),
	}
	for _, s := range app.Settings() {
		switch {
		case len(s.Words) > 0:
			completions[flagName(s.Name)] = words(s.Words...)
		case len(s.Prefixes) > 0:
			completions[flagName(s.Name)] = prefixes(s.Prefixes...)
		}
	}
	for flag, complete := range completions {
		if cmd.Flags().Lookup(flag) != nil || cmd.PersistentFlags().Lookup(flag) != nil {
			cmd.RegisterFlagCompletionFunc(flag, complete) // fails for a missing flag
		}
	}
	for _, sub := range cmd.Commands() {
		completeFlags(sub)
	}
}
