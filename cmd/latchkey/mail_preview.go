package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/mail"
)

func mailPreviewCommand(c *cli) *cobra.Command {
	var language, format string
	cmd := &cobra.Command{
		Use: "preview NAME", Short: "Print a mail as a user would get it", Args: exactArgs("NAME"),
		Long: `Prints the mail of that name to an invented user, with an invented token. Nothing is stored or sent. The names:
` + strings.Join(mailNames(), ", ") + ".",
		Example:   "  latchkey mail preview reset\n  latchkey mail preview invite --language de --format html > invite.html",
		ValidArgs: mailNames(),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case !slices.Contains(mailNames(), args[0]):
				return usageError{fmt.Errorf("there is no mail %q: the names are %s", args[0], strings.Join(mailNames(), ", "))}
			case !slices.Contains(mail.Languages(), language):
				return usageError{fmt.Errorf("--language is one of %s", strings.Join(mail.Languages(), ", "))}
			}
			config, err := c.config(cmd)
			if err != nil {
				return usageError{err}
			}
			written, err := previewWriter(config).Write(previewLetter(auth.MessageKind(args[0]), language))
			if err != nil {
				return err
			}
			shown, known := map[string]string{"text": written.Text, "html": written.HTML, "eml": string(written.Raw)}[format]
			if !known {
				return usageError{fmt.Errorf("--format is text, html or eml")}
			}
			fmt.Fprint(c.out, shown)
			return nil
		},
	}
	cmd.Flags().StringVar(&language, "language", mail.Languages()[0], "language of the mail: "+strings.Join(mail.Languages(), ", "))
	cmd.Flags().StringVar(&format, "format", "text", "what to print: text, html, or eml for the whole mail")
	addFlags(cmd, "SERVICE_NAME", "MAIL_FROM", "RESET_URL")
	return cmd
}

func mailNames() (names []string) {
	for _, k := range mail.Kinds() {
		names = append(names, string(k))
	}
	return names
}

// previewWriter is the writer of the settings, with examples for those that are not set.
func previewWriter(c app.Config) mail.Writer {
	w := app.MailWriter(c)
	w.From = cmp.Or(w.From, "login@example.com")
	if w.ResetURL == nil {
		w.ResetURL = c.Issuer.JoinPath("reset")
	}
	return w
}

func previewLetter(kind auth.MessageKind, language string) mail.Letter {
	identifier, _ := auth.ParseIdentifier("ada@example.com")
	return mail.Letter{
		ID: "preview", Kind: kind, Token: "EXAMPLE-TOKEN", At: time.Now(),
		To: auth.User{Email: "ada@example.com", Identifier: identifier, Locale: language, Profile: auth.Profile{FullName: "Ada Lovelace"}},
	}
}
