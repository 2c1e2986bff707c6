package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"

	"latchkey/internal/auth"
	"latchkey/internal/userfile"
)

func usersExportCommand(c *cli) *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use: "export FILE|-", Short: "Write all users as JSON Lines, hashes included", Args: exactly("FILE|-"),
		Long: `Writes one user a line to FILE, or to standard output where it is '-', as 'users import' reads them: with their ids,
accounts and password hashes. Only its owner can read the file, and it is there when it is whole. One that is there
already is left alone, unless --force is given. Users who change meanwhile are written as they were or as they are.

Whoever has the file can try passwords on it, so keep it as you keep the store.`,
		Example: `  latchkey users export users.jsonl
  latchkey users export - --store dynamodb:TABLE > users.jsonl`, ValidArgsFunction: fileNames(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := exportable(args[0], force); err != nil {
				return err
			}
			return c.audited(cmd, auth.EventUserExport, func(change *auth.AuditRecord) (err error) {
				change.Exported, err = c.exportUsers(cmd, args[0], force)
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "write over a file that is there")
	return cmd
}

// exportable refuses what is there, and what cannot be written over.
func exportable(name string, force bool) error {
	info, err := os.Lstat(name)
	switch {
	case name == "-" || errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is no regular file; '-' writes to standard output", name)
	case !force:
		return alreadyThere(name)
	}
	return nil
}

func alreadyThere(name string) error {
	return told{fmt.Errorf("%s is there already; --force writes over it", name), auth.ErrConflict}
}

func (c *cli) exportUsers(cmd *cobra.Command, name string, force bool) (int, error) {
	store, err := c.openStore(cmd)
	if err != nil {
		return 0, err
	}
	defer store.Close()
	letGarbageWait(bulkMemory, c.getenv)
	e := exporter{store: store, progress: newProgress(c.err, "exporting", -1)}
	if name == "-" {
		err = e.run(cmd.Context(), c.out)
	} else {
		err = wholeFile(name, force, func(out io.Writer) error { return e.run(cmd.Context(), out) })
	}
	e.progress.end()
	if err != nil {
		return e.users, err
	}
	fmt.Fprintf(e.progress, "%d exported\n", e.users)
	if e.unusable > 0 {
		fmt.Fprintf(e.progress, "%d of them cannot be imported as they are\n", e.unusable)
		return e.users, errFailed
	}
	return e.users, nil
}

// wholeFile gives the file its name when it is written and on the disk, so that no part of it passes for all.
func wholeFile(name string, force bool, write func(io.Writer) error) (err error) {
	file, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*.partial") // for its owner alone
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	err = write(file)
	if err == nil {
		err = file.Sync()
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	if force {
		return os.Rename(file.Name(), name)
	}
	err = os.Link(file.Name(), name) // unlike a rename it replaces nothing
	switch {
	case errors.Is(err, fs.ErrExist):
		return alreadyThere(name)
	case err != nil: // a file system without links
		return os.Rename(file.Name(), name)
	}
	return nil
}

// exporter writes users and counts.
type exporter struct {
	store    auth.UserBatches
	progress *progress

	users, unusable int
}

// usersAtOnce are encoded by one processor while others encode the next; a user of full size is 400 KB.
const usersAtOnce = 64

// run writes every user. Lines are encoded on all processors and written in order.
func (e *exporter) run(ctx context.Context, to io.Writer) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var failed error
	encoding := make(chan chan encoded, runtime.GOMAXPROCS(0))
	go func() {
		defer close(encoding)
		failed = e.read(ctx, encoding)
	}()
	out := bufio.NewWriterSize(to, 1<<20)
	for one := range encoding {
		done := <-one
		if done.err != nil {
			return done.err
		}
		if _, err := out.Write(done.lines); err != nil {
			return fmt.Errorf("write the users: %w", err)
		}
		for _, warning := range done.warnings {
			e.unusable++
			fmt.Fprintln(e.progress, warning)
		}
		e.users += done.users
		e.progress.at(0, e.users)
	}
	if failed != nil {
		return failed
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write the users: %w", err)
	}
	return nil
}

// read sends the users on, some at a time.
func (e *exporter) read(ctx context.Context, encoding chan<- chan encoded) error {
	var some []auth.User
	send := func() error {
		one := make(chan encoded, 1)
		select {
		case encoding <- one:
		case <-ctx.Done():
			return ctx.Err()
		}
		go func(users []auth.User) { one <- encode(users) }(some)
		some = nil
		return nil
	}
	for u, err := range e.store.AllUsers(ctx) {
		if err != nil {
			return fmt.Errorf("read the users: %w", err)
		}
		if some = append(some, u); len(some) == usersAtOnce {
			if err := send(); err != nil {
				return err
			}
		}
	}
	return send()
}

// encoded are the lines of some users.
type encoded struct {
	lines    []byte
	users    int
	warnings []string
	err      error
}

func encode(users []auth.User) encoded {
	done := encoded{users: len(users)}
	for _, u := range users {
		line, err := userfile.Encode(u)
		if err != nil {
			return encoded{err: err}
		}
		if err := userfile.Importable(u); err != nil {
			done.warnings = append(done.warnings, fmt.Sprintf("%s: %v", u.Email, err))
		}
		done.lines = append(append(done.lines, line...), '\n')
	}
	return done
}
