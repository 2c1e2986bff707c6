package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"latchkey/internal/terminal"
)

// tell writes to standard error, escaped: what is told often quotes arguments and stored text.
func (c *cli) tell(format string, args ...any) {
	io.WriteString(c.err, terminal.Escape(fmt.Sprintf(format, args...)))
}

// jsonFlag adds --json to a command that lists, shows or counts.
func jsonFlag(cmd *cobra.Command) *bool {
	return cmd.Flags().Bool("json", false, "print JSON")
}

// printJSON prints the value, indented, with readable characters as they are.
func (c *cli) printJSON(value any) error {
	text, err := encodeJSON(value, "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(c.out, text)
	return err
}

// printJSONList prints a JSON array with one value a line, as they come.
func (c *cli) printJSONList(values iter.Seq2[any, error]) error {
	before := "[\n"
	for value, err := range values {
		if err != nil {
			return err
		}
		text, err := encodeJSON(value, "")
		if err == nil {
			_, err = fmt.Fprint(c.out, before, text)
		}
		if err != nil {
			return err
		}
		before = ",\n"
	}
	after := "\n]"
	if before == "[\n" {
		after = "[]"
	}
	_, err := fmt.Fprintln(c.out, after)
	return err
}

func encodeJSON(value any, indent string) (string, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetIndent("", indent)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return "", err
	}
	return terminal.EscapeJSON(strings.TrimSuffix(text.String(), "\n")), nil
}

// table lines up the columns of what is written to standard output, once it is flushed.
type table struct{ *tabwriter.Writer }

func (c *cli) table(columns ...any) table {
	t := table{tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)}
	t.row(columns...)
	return t
}

// row writes the fields of one line, escaped.
func (t table) row(fields ...any) {
	for i, field := range fields {
		if i > 0 {
			io.WriteString(t, "\t")
		}
		io.WriteString(t, terminal.EscapeField(fmt.Sprint(field)))
	}
	io.WriteString(t, "\n")
}
