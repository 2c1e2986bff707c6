package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/auth"
	"latchkey/internal/password"
	"latchkey/internal/userfile"
)

func usersImportCommand(c *cli) *cobra.Command {
	var update bool
	cmd := &cobra.Command{
		Use: "import FILE|-", Short: "Import users from JSON Lines, hashes included", Args: exactly("FILE|-"),
		Long: `Reads one user a line from FILE, or from standard input where it is '-':

  {"email": "ada@example.com", "passwordHash": "$2b$12$…", "status": "ready", "role": "editor", "name": "Ada",
   "accounts": [{"organizationId": "o1", "organizationName": "Org", "userType": "Organization Owner"}]}

A line has a plain "password" or a "passwordHash" (argon2id in PHC form, or bcrypt). A bad line is reported with
its number and reason, and the others go in; the exit code is then 1. Users who are there already are reported
and left as they are, unless --update is given: it replaces all but their ids and, where the line has none, their
password. A changed password ends the user's sessions.`,
		Example: `  latchkey users import users.jsonl
  cat users-*.jsonl | latchkey users import - --update --store dynamodb:TABLE`, ValidArgsFunction: fileNames(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in, err := c.open(cmd.Context(), args[0])
			if err != nil {
				return fmt.Errorf("read the users: %w", err)
			}
			defer in.Close()
			store, err := c.openStore(cmd)
			if err != nil {
				return err
			}
			defer store.Close()
			hasher, err := c.hasher(cmd)
			if err != nil {
				return err
			}
			i := importer{store: store, hasher: hasher, update: update, err: c.err}
			err = c.audited(cmd, auth.EventUserImport, func(change *auth.Change) error {
				err := i.run(cmd.Context(), in)
				change.Added, change.Updated, change.Refused = i.added, i.updated, i.refused
				return err
			})
			if err == nil && i.refused > 0 {
				return errFailed
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&update, "update", false, "replace users whose e-mail address is there already, keeping their ids")
	return cmd
}

// importer takes users in, one by one, and counts.
type importer struct {
	store  store
	hasher *password.Hasher
	update bool
	err    io.Writer

	added, updated, refused int
}

// run takes every line in, and says how many of them went where, however it ends.
func (i *importer) run(ctx context.Context, in io.Reader) error {
	err := i.lines(ctx, in)
	fmt.Fprintf(i.err, "%d added, %d updated, %d refused\n", i.added, i.updated, i.refused)
	return err
}

func (i *importer) lines(ctx context.Context, in io.Reader) error {
	lines := bufio.NewReaderSize(in, userfile.MaxLine+2)
	for number := 1; ; number++ {
		raw, err := readLine(lines)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read line %d, the lines before it are done: %w", number, err)
		}
		if number == 1 {
			raw = bytes.TrimPrefix(raw, []byte("\ufeff")) // a byte order mark: Windows writes it
		}
		if len(raw) <= userfile.MaxLine && len(bytes.TrimSpace(raw)) == 0 {
			continue
		}
		if err = ctx.Err(); err == nil {
			err = i.take(ctx, raw)
		}
		if errors.Is(err, auth.ErrUnavailable) || errors.Is(err, context.Canceled) {
			return fmt.Errorf("stopped at line %d, the lines before it are done: %w", number, err)
		}
		if err != nil {
			i.refused++
			fmt.Fprintf(i.err, "line %d: %v\n", number, err)
		}
	}
}

// readLine returns one line without its end. Of a line that is too long it returns the beginning, which is too
// long for Decode as well, and skips the rest.
func readLine(lines *bufio.Reader) ([]byte, error) {
	raw, err := lines.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		raw = bytes.Clone(raw)
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = lines.ReadSlice('\n')
		}
	}
	if err != nil && !(errors.Is(err, io.EOF) && len(raw) > 0) { // the last line may lack its end
		return nil, err
	}
	return bytes.TrimSuffix(bytes.TrimSuffix(raw, []byte("\n")), []byte("\r")), nil
}

// take stores one line, again where a sign-in changed the user meanwhile, as one that renews a hash does.
func (i *importer) take(ctx context.Context, raw []byte) error {
	entry, err := userfile.Decode(raw)
	if err != nil {
		return err
	}
	for range 5 {
		if err = i.put(ctx, entry); !errors.Is(err, auth.ErrConflict) {
			break
		}
	}
	return err
}

func (i *importer) put(ctx context.Context, entry userfile.Entry) error {
	existing, err := i.store.UserByIdentifier(ctx, entry.User.Identifier)
	switch {
	case errors.Is(err, auth.ErrNotFound):
		return i.add(ctx, entry)
	case err != nil:
		return fmt.Errorf("look up %s: %w", entry.User.Email, err)
	case !i.update:
		return fmt.Errorf("%s is there already; --update replaces it", entry.User.Email)
	case !entry.NewID && entry.User.ID != existing.ID:
		return fmt.Errorf("%s has the id %s, and the line says %s", existing.Email, existing.ID, entry.User.ID)
	}
	return i.replace(ctx, existing, entry)
}

func (i *importer) add(ctx context.Context, entry userfile.Entry) error {
	u := entry.User
	if entry.Password != "" {
		var err error
		if u.PasswordHash, err = i.hash(ctx, entry.Password); err != nil {
			return err
		}
	}
	u.CreatedAt = time.Now()
	u.UpdatedAt = u.CreatedAt
	if err := i.store.CreateUser(ctx, u); errors.Is(err, auth.ErrConflict) {
		return fmt.Errorf("the id %s is another user's, or %s was added meanwhile", u.ID, u.Email)
	} else if err != nil {
		return fmt.Errorf("store %s: %w", u.Email, err)
	}
	i.added++
	return nil
}

func (i *importer) replace(ctx context.Context, existing auth.User, entry userfile.Entry) error {
	u := entry.User
	u.ID, u.Version, u.PasswordEpoch = existing.ID, existing.Version, existing.PasswordEpoch
	u.CreatedAt, u.UpdatedAt = existing.CreatedAt, time.Now()
	var err error
	if u.PasswordHash, err = i.newHash(ctx, existing, entry); err != nil {
		return err
	}
	if u.PasswordHash != existing.PasswordHash {
		u.PasswordEpoch++
	}
	if err := i.store.UpdateUser(ctx, u); err != nil {
		return fmt.Errorf("update %s: %w", u.Email, err)
	}
	if u.Status != auth.StatusReady || u.PasswordEpoch != existing.PasswordEpoch {
		if err := i.store.EndSessions(ctx, u.ID, ""); err != nil {
			return fmt.Errorf("end the sessions of %s: %w", u.Email, err)
		}
	}
	i.updated++
	return nil
}

// newHash returns the line's hash, or that of its password; the user's own where the line has neither, or the same
// password: a file that is imported every night must not end everybody's sessions.
func (i *importer) newHash(ctx context.Context, existing auth.User, entry userfile.Entry) (string, error) {
	switch {
	case entry.User.PasswordHash != "":
		return entry.User.PasswordHash, nil
	case entry.Password == "":
		return existing.PasswordHash, nil
	case existing.PasswordHash != "":
		same, _, err := i.hasher.Verify(ctx, existing.PasswordHash, entry.Password)
		if same || err != nil {
			return existing.PasswordHash, err
		}
	}
	return i.hash(ctx, entry.Password)
}

func (i *importer) hash(ctx context.Context, password string) (string, error) {
	hash, err := i.hasher.Hash(ctx, password)
	if err != nil {
		return "", fmt.Errorf("password: %w", err)
	}
	return hash, nil
}
