package main

import "github.com/spf13/cobra"

// completeFlags lets a shell complete the flags that take one of a few words, wherever they are.
func completeFlags(cmd *cobra.Command) {
	words := func(words ...cobra.Completion) cobra.CompletionFunc {
		return cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)
	}
	prefixes := func(prefixes ...cobra.Completion) cobra.CompletionFunc {
		return cobra.FixedCompletions(prefixes, cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveNoSpace)
	}
	for flag, complete := range map[string]cobra.CompletionFunc{
		"store":  prefixes("sqlite:", "dynamodb:"),
		"keys":   prefixes("file:", "secretsmanager:"),
		"audit":  cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault), // a file
		"status": words("ready", "pending", "disabled"), "kind": words("standard", "integration"),
		"algorithm": words("ES256", "RS256", "HS256", "EdDSA"), "throttle": words("on", "off"),
		"revocation": words("bounded", "off", "strict"), "authorizer-response": words("simple", "policy"),
		"log-level": words("debug", "info", "warn", "error"),
	} {
		if cmd.Flags().Lookup(flag) != nil || cmd.PersistentFlags().Lookup(flag) != nil {
			cmd.RegisterFlagCompletionFunc(flag, complete) // fails for a flag that is not there
		}
	}
	for _, sub := range cmd.Commands() {
		completeFlags(sub)
	}
}
