package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"os/user"
	"strconv"
	"syscall"

	"github.com/spf13/cobra"

	"latchkey/internal/app"
	"latchkey/internal/audit"
	"latchkey/internal/auth"
	"latchkey/internal/terminal"
)

// auditOutput is where records go: the file that --audit names, or standard error.
type auditOutput struct {
	io.WriteCloser
	file *audit.File // nil: standard error
	// quiet: no one asked for records, and standard error is a terminal, where they would drown what the command says.
	quiet bool
}

func (c *cli) openAudit(cmd *cobra.Command) (*auditOutput, error) {
	name := c.setting(cmd, app.Prefix+"AUDIT")
	if name == "-" {
		quiet := !c.isSet(cmd, app.Prefix+"AUDIT") && terminal.IsTerminal(c.err)
		return &auditOutput{WriteCloser: openWriter{c.err}, quiet: quiet}, nil
	}
	file, err := audit.OpenFile(name)
	if err != nil {
		return nil, fmt.Errorf("%w; --audit names another, and '-' is standard error", err)
	}
	if file.Public() {
		c.tell("latchkey: every user of this machine can read the audit file %q; 'chmod o= FILE' mends it\n", name)
	}
	return &auditOutput{WriteCloser: file, file: file}, nil
}

// openWriter writes JSON to a stream that its user must not close, escaped for a terminal.
type openWriter struct{ io.Writer }

func (w openWriter) Write(line []byte) (int, error) {
	if _, err := io.WriteString(w.Writer, terminal.EscapeJSON(string(line))); err != nil {
		return 0, err
	}
	return len(line), nil
}

func (openWriter) Close() error { return nil }

// lines writes each record of a command as a line of JSON.
func (o *auditOutput) lines() auth.AuditSink {
	if o.quiet {
		return audit.Log(app.NewLogger(io.Discard, slog.LevelInfo))
	}
	return audit.Log(app.NewLogger(o, slog.LevelInfo))
}

// sink writes records to the file that --audit names, at any log level, and to the log if there is none or it fails.
func (o *auditOutput) sink(log *slog.Logger) auth.AuditSink {
	if o.file == nil {
		return audit.Log(log)
	}
	return audit.Fallback(o.lines(), audit.Log(log))
}

// operator is the name of the account that runs the command, or its number.
func operator() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return strconv.Itoa(os.Getuid())
}

// reopenOnHangup opens the audit file again at each SIGHUP, which log rotation sends, until stop is called. Without a file
// a hangup ends the server, as it does when its terminal is closed.
func (o *auditOutput) reopenOnHangup(ctx context.Context) (stop func()) {
	if o.file == nil {
		return func() {}
	}
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		for {
			select {
			case <-ctx.Done():
				signal.Stop(hangups)
				return
			case <-hangups:
				_ = o.file.Reopen() // on an error the old file stays in use, and the next record tries again
			}
		}
	}()
	return cancel
}
