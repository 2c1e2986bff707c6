package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/auth"
	"latchkey/internal/password"
	"latchkey/internal/userfile"
)

func usersImportCommand(c *cli) *cobra.Command {
	var update, dryRun bool
	cmd := &cobra.Command{
		Use: "import FILE|-", Short: "Import users from JSON Lines, hashes included", Args: exactly("FILE|-"),
		Long: `Reads one user a line from FILE, or from standard input where it is '-':

  {"email": "ada@example.com", "passwordHash": "$2b$12$…", "status": "ready", "role": "editor", "name": "Ada",
   "accounts": [{"organizationId": "o1", "organizationName": "Org", "userType": "Organization Owner"}]}

A line has a plain "password", or in "passwordHash" what the system stored that the users come from: argon2, bcrypt,
scrypt or PBKDF2, as docs/hashes.md lists them. A bad line is reported with its number and reason, and the others go in;
the exit code is then 1. Users who are there already as their lines say are left alone, so that an import which was
interrupted goes on when the same command is run again. Users who are there and differ are reported and left as they
are, unless --update is given: it replaces all but their ids and, where the line has none, their password. A changed
password ends the user's sessions. --dry-run says what would happen, and stores nothing.`,
		Example: `  latchkey users import users.jsonl --dry-run
  latchkey users import users.jsonl
  cat users-*.jsonl | latchkey users import - --update --store dynamodb:TABLE`, ValidArgsFunction: fileNames(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in, err := c.open(cmd.Context(), args[0])
			if err != nil {
				return fmt.Errorf("read the users: %w", err)
			}
			defer in.Close()
			letGarbageWait(bulkMemory, c.getenv)
			if dryRun {
				return c.rehearseImport(cmd, in, update)
			}
			return c.importUsers(cmd, in, update)
		},
	}
	cmd.Flags().BoolVar(&update, "update", false, "replace users whose e-mail address is there already, keeping their ids")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "check every line and say what would happen, and store nothing")
	return cmd
}

func (c *cli) importUsers(cmd *cobra.Command, in io.Reader, update bool) error {
	store, err := c.openStore(cmd)
	if err != nil {
		return err
	}
	defer store.Close()
	hasher, err := c.hasher(cmd)
	if err != nil {
		return err
	}
	i := importer{
		store: store, hasher: hasher, usual: hasher.Describe(), update: update, progress: newProgress(c.err, "importing", c.size(in)),
	}
	err = c.audited(cmd, auth.EventUserImport, func(change *auth.AuditRecord) error {
		err := i.run(cmd.Context(), in)
		change.Added, change.Updated, change.Refused, change.Unchanged = i.added, i.updated, i.refused, i.unchanged
		return err
	})
	if err == nil && i.refused > 0 {
		return errFailed
	}
	return err
}

// size is how many bytes the source has, or -1 where that cannot be known.
func (c *cli) size(in io.Reader) int64 {
	file, ok := in.(*os.File)
	if !ok {
		file, ok = c.in.(*os.File)
	}
	if ok {
		if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
			return info.Size()
		}
	}
	return -1
}

// importStore is what an import needs of a store.
type importStore interface {
	Existing(ctx context.Context, users []auth.User) ([]auth.User, error)
	CreateUsers(ctx context.Context, users []auth.User) []error
	UpdateUsers(ctx context.Context, users []auth.User) []error
	EndSessions(ctx context.Context, userID, last string) error
}

// importer takes users in, batch by batch, and counts.
type importer struct {
	store    importStore
	hasher   *password.Hasher
	update   bool
	progress *progress
	began    time.Time
	known    bool   // most users of the last lines were there
	usual    string // what password.Describe says of new hashes; empty: it is no matter
	foreign  bool   // others came

	added, updated, unchanged, refused int
}

// run takes every line in, and says how many of them went where, however it ends.
func (i *importer) run(ctx context.Context, in io.Reader) error {
	i.began = time.Now().Truncate(time.Millisecond) // as stores keep times
	err := i.lines(ctx, in)
	i.progress.end()
	if i.foreign {
		fmt.Fprintln(i.progress, "hashes that cost another time than new ones tell who is a user: 'latchkey users hashes' says what to do about it")
	}
	fmt.Fprintf(i.progress, "%d added, %d updated, %d refused, %d unchanged\n", i.added, i.updated, i.refused, i.unchanged)
	return err
}

func (i *importer) lines(ctx context.Context, in io.Reader) error {
	last, read := 0, int64(0)
	for batch, err := range userfile.Read(ctx, in) {
		if ctx.Err() != nil {
			return stopped(last+1, ctx.Err())
		}
		if err != nil {
			return fmt.Errorf("%w; the lines before it are done", err)
		}
		done := 0
		for some := range groups(batch.Lines) {
			if err := i.conclude(some, i.settle(ctx, some)); err != nil {
				return err
			}
			done += len(some)
			i.progress.at(read+(batch.Read-read)*int64(done)/int64(len(batch.Lines)), i.added+i.updated+i.unchanged+i.refused)
		}
		last, read = batch.Last, batch.Read
	}
	return nil
}

// conclude counts how the lines ended and says what was refused, in their order.
func (i *importer) conclude(lines []userfile.Line, ends []end) error {
	var stop error
	for k, e := range ends {
		switch {
		case errors.Is(e.err, auth.ErrUnavailable) || errors.Is(e.err, context.Canceled):
			if stop == nil {
				stop = stopped(lines[k].Number, e.err)
			}
		case e.err != nil && stop == nil:
			i.refused++
			fmt.Fprintf(i.progress, "line %d: %v\n", lines[k].Number, e.err)
		case e.err != nil: // to be said when it is tried again
		case e.kind == added:
			i.added++
		case e.kind == updated:
			i.updated++
		default:
			i.unchanged++
		}
	}
	return stop
}

func stopped(line int, err error) error {
	const rest = "the lines before it are done, and the same command goes on from there"
	if errors.Is(err, context.Canceled) {
		return told{fmt.Errorf("interrupted at line %d; %s", line, rest), err}
	}
	return fmt.Errorf("stopped at line %d; %s: %w", line, rest, err)
}
