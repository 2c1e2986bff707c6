package main

import (
	"context"
	"errors"
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
	"latchkey/internal/auth"
)

// audited makes a change and leaves its audit record. Where a record cannot be left, nothing is done; a command line
// that was not understood leaves none.
func (c *cli) audited(cmd *cobra.Command, event auth.Event, act func(*auth.Change) error) error {
	signal.Ignore(syscall.SIGPIPE) // or whoever closes the pipe ends the command before its record: writing fails instead
	out, err := c.openAudit(cmd)
	if err != nil {
		return err
	}
	defer out.Close()
	change := auth.Change{Event: event, Operator: operator()}
	err = act(&change)
	var usage usageError
	if errors.As(err, &usage) {
		return err
	}
	auth.RecordChange(context.WithoutCancel(cmd.Context()), app.NewLogger(out, slog.LevelInfo), change, err)
	return errors.Join(err, out.failed)
}

// auditFile is where records go: the file that --audit names, or standard error.
type auditFile struct {
	io.Writer
	close  func() error
	named  bool  // by --audit
	failed error // what a logger would not say
}

func (c *cli) openAudit(cmd *cobra.Command) (*auditFile, error) {
	name := c.setting(cmd, app.Prefix+"AUDIT")
	if name == "-" {
		return &auditFile{Writer: c.err, close: func() error { return nil }}, nil
	}
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the audit file: %w; --audit names another, and '-' is standard error", err)
	}
	return &auditFile{Writer: file, close: file.Close, named: true}, nil
}

// Write keeps the error, because a logger drops it.
func (f *auditFile) Write(p []byte) (int, error) {
	n, err := f.Writer.Write(p)
	if err != nil && f.failed == nil {
		f.failed = fmt.Errorf("it is done, and the audit record could not be written: %w", err)
	}
	return n, err
}

func (f *auditFile) Close() error { return f.close() }

// handler sends audit records to the file that --audit names, whatever the level of other lines, and all else to rest.
func (f *auditFile) handler(rest slog.Handler) slog.Handler {
	if !f.named {
		return rest
	}
	return auditHandler{Handler: rest, audit: app.NewLogger(f, slog.LevelInfo).Handler()}
}

type auditHandler struct {
	slog.Handler
	audit slog.Handler
}

// Enabled lets everything come to Handle that either wants.
func (h auditHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.audit.Enabled(ctx, level) || h.Handler.Enabled(ctx, level)
}

// Handle passes the record on to the one it is for. An audit record that its file does not take is not lost.
func (h auditHandler) Handle(ctx context.Context, record slog.Record) error {
	if record.Message == auth.AuditMessage {
		if err := h.audit.Handle(ctx, record); err == nil {
			return nil
		}
	} else if !h.Handler.Enabled(ctx, record.Level) {
		return nil
	}
	return h.Handler.Handle(ctx, record)
}

// WithAttrs keeps both; see WithGroup.
func (h auditHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return auditHandler{h.Handler.WithAttrs(attrs), h.audit.WithAttrs(attrs)}
}

// WithGroup keeps both; see WithAttrs.
func (h auditHandler) WithGroup(name string) slog.Handler {
	return auditHandler{h.Handler.WithGroup(name), h.audit.WithGroup(name)}
}

// operator is the name that the machine knows whoever runs the command by, or their number.
func operator() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return strconv.Itoa(os.Getuid())
}
