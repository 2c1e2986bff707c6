package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestUsage promises that a command line that is not understood ends with 2, a reason and the help to look at, and
// that nothing was made.
func TestUsage(t *testing.T) {
	for _, tc := range []struct {
		args, want, hint string
	}{
		{"srve", `unknown command "srve"`, "latchkey --help"},
		{"srve", "serve", "latchkey --help"},
		{"users improt", `no command "improt"`, "latchkey users --help"},
		{"users improt", "import", "latchkey users --help"},
		{"keys destroy", `no command "destroy"`, "latchkey keys --help"},
		{"--nope", "unknown flag: --nope", "latchkey --help"},
		{"serve --nope", "unknown flag: --nope", "latchkey serve --help"},
		{"serve extra", `takes no arguments, and got "extra"`, "latchkey serve --help"},
		{"serve --addr", "flag needs an argument: --addr", "latchkey serve --help"},
		{"serve --demo --store dynamodb:users", "--demo", "latchkey serve --help"},
		{"users list extra", "takes no arguments", "latchkey users list --help"},
		{"users show", "takes EMAIL|ID, and got 0 arguments", "latchkey users show --help"},
		{"users show a@example.com b@example.com", "takes EMAIL|ID, and got 2 arguments", "latchkey users show --help"},
		{"users add nobody", "EMAIL: ", "latchkey users add --help"},
		{"users add a@example.com --status waiting", "status must be ready, pending or disabled", "latchkey users add --help"},
		{"users import", "takes FILE|-, and got 0 arguments", "latchkey users import --help"},
		{"users export", "takes FILE|-, and got 0 arguments", "latchkey users export --help"},
		{"users update ada@example.com", "nothing to change", "latchkey users update --help"},
		{"users delete ada@example.com", "--yes is missing", "latchkey users delete --help"},
		{"clients rotate 00 --overlap -1s", "--overlap is 0 to", "latchkey clients rotate --help"},
		{"clients rotate 00 --overlap 9999h", "--overlap is 0 to", "latchkey clients rotate --help"},
		{"clients add", "--name is missing", "latchkey clients add --help"},
		{"clients add --name n", "--kind is missing", "latchkey clients add --help"},
		{"clients add --name n --kind zapier", "zapier", "latchkey clients add --help"},
		{"clients add --kind standard --name a\nb", "--name", "latchkey clients add --help"},
		{"invoke login", "takes FUNCTION EVENT.json|-, and got 1 argument", "latchkey invoke --help"},
		{"invoke logout event.json", `no function "logout"; there is login`, "latchkey invoke --help"},
		{"keys init --algorithm none", "LATCHKEY_ALGORITHM: ", "latchkey keys init --help"},
		{"users list --store users.db", `LATCHKEY_STORE: write sqlite:NAME or dynamodb:NAME, not "users.db"`, "latchkey users list --help"},
		{"help nope", `"nope"`, "latchkey --help"},
		{"completion tcsh", `no command "tcsh"`, "latchkey completion --help"},
	} {
		l := newLaptop(t)
		got := l.fails(exitUsage, "", strings.Split(tc.args, " "), tc.want, "Try '"+tc.hint+"'.")
		if got.out != "" || len(l.files()) > 0 {
			t.Errorf("latchkey %s printed %q and left %q", tc.args, got.out, l.files())
		}
	}
}

// TestHelp promises that every command says what it does, with an example, and what it takes is in its usage line.
func TestHelp(t *testing.T) {
	l := newLaptop(t)
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("%s: Short is %q", cmd.CommandPath(), cmd.Short)
		}
		if cmd.Example == "" && !cmd.HasSubCommands() {
			t.Errorf("%s has no example", cmd.CommandPath())
		}
		args := append(strings.Fields(cmd.CommandPath())[1:], "--help")
		help := l.ok("", args...)
		for line := range strings.Lines(help) {
			if strings.Contains(line, "\t") || len([]rune(line)) > 170 {
				t.Errorf("%s: a line that is too long or has a tab: %q", cmd.CommandPath(), line)
			}
		}
		if !strings.Contains(help, cmd.CommandPath()) {
			t.Errorf("%s --help:\n%s", cmd.CommandPath(), help)
		}
	}
	visit(newRoot(&cli{}))
	if files := l.files(); len(files) > 0 {
		t.Errorf("asking for help made %q", files)
	}
}

// TestWaysToHelp promises the same help by each way of asking for it.
func TestWaysToHelp(t *testing.T) {
	l := newLaptop(t)
	for _, ways := range [][][]string{
		{{"--help"}, {"help"}, {}},
		{{"users", "--help"}, {"help", "users"}, {"users"}},
		{{"users", "import", "--help"}, {"help", "users", "import"}, {"users", "import", "-h"}},
	} {
		want := l.ok("", ways[0]...)
		for _, way := range ways[1:] {
			if got := l.ok("", way...); got != want {
				t.Errorf("latchkey %s prints\n%s", strings.Join(way, " "), got)
			}
		}
	}
}

// TestExamples promises that the examples in the help are command lines that are understood.
func TestExamples(t *testing.T) {
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
		for line := range strings.Lines(cmd.Example) {
			_, command, ours := strings.Cut(line, "latchkey ") // the text before it is piped into it
			if !ours {
				t.Errorf("%s: no command of ours in the example %q", cmd.CommandPath(), line)
			}
			if end := strings.IndexAny(command, "<>#"); end >= 0 {
				command = command[:end]
			}
			found, rest, err := newRoot(&cli{}).Find(strings.Fields(command))
			if err == nil {
				err = found.ParseFlags(rest)
			}
			if err == nil {
				err = found.ValidateArgs(found.Flags().Args())
			}
			if err != nil {
				t.Errorf("%s: the example %q: %v", cmd.CommandPath(), line, err)
			}
		}
	}
	visit(newRoot(&cli{}))
}

// TestCompletion promises that a shell can complete commands, functions and flags, and file names where a file is wanted.
func TestCompletion(t *testing.T) {
	const files, none = ":0", ":4" // cobra's directives for the shell
	l := newLaptop(t)
	for _, tc := range []struct {
		line []string
		want []string
	}{
		{[]string{""}, []string{"serve\t", "invoke\t", "users\t", none}},
		{[]string{"users", "s"}, []string{"show\t", "set-password\t", none}},
		{[]string{"serve", "--pass"}, []string{"--password-hash\t", none}},
		{[]string{"invoke", ""}, []string{"login\n", none}},
		{[]string{"invoke", "login", ""}, []string{files}},
		{[]string{"users", "import", ""}, []string{files}},
		{[]string{"users", "show", ""}, []string{none}},
		{[]string{"clients", "add", "--kind", ""}, []string{"standard\n", "integration\n", none}},
		{[]string{"users", "add", "--status", ""}, []string{"ready\n", "pending\n", "disabled\n", none}},
		{[]string{"users", "export", ""}, []string{files}},
		{[]string{"serve", "--algorithm", ""}, []string{"ES256\n", "EdDSA\n", none}},
		{[]string{"serve", "--revocation", ""}, []string{"bounded\n", "strict\n", none}},
		{[]string{"users", "list", "--store", ""}, []string{"sqlite:\n", "dynamodb:\n", ":6"}},
		{[]string{"users", "list", "--audit", ""}, []string{files}},
	} {
		out := l.ok("", append([]string{"__complete"}, tc.line...)...)
		for _, want := range tc.want {
			if !strings.Contains(out, want) {
				t.Errorf("complete %q: want %q in\n%s", tc.line, want, out)
			}
		}
	}
	for shell, want := range map[string]string{
		"bash": "__start_latchkey", "zsh": "#compdef latchkey", "fish": "complete -c latchkey", "powershell": "Register-ArgumentCompleter",
	} {
		if got := l.ok("", "completion", shell); !strings.Contains(got, want) {
			t.Errorf("completion %s prints %.100q", shell, got)
		}
	}
}
