package main

import (
	"bufio"
	"bytes"
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
	var update bool
	cmd := &cobra.Command{
		Use: "import FILE|-", Short: "Import users from JSON Lines, hashes included", Args: exactly("FILE|-"),
		Long: `Reads one user a line from FILE, or from standard input where it is '-':

  {"email": "ada@example.com", "passwordHash": "$2b$12$…", "status": "ready", "role": "editor", "name": "Ada",
   "accounts": [{"organizationId": "o1", "organizationName": "Org", "userType": "Organization Owner"}]}

A line has a plain "password" or a "passwordHash" (argon2id in PHC form, or bcrypt). A bad line is reported with
its number and reason, and the others go in; the exit code is then 1. Users who are there already are reported
and left as they are, unless --update is given.`,
		Example: `  latchkey users import users.jsonl
  pg_dump_users | latchkey users import - --update --store dynamodb:TABLE`, ValidArgsFunction: fileNames(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in := c.in
			if args[0] != "-" {
				file, err := os.Open(args[0])
				if err != nil {
					return fmt.Errorf("open the users' file: %w", err)
				}
				defer file.Close()
				in = file
			}
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
			return i.run(cmd.Context(), in)
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

var errExists = errors.New("is there already; --update replaces it")

func (i *importer) run(ctx context.Context, in io.Reader) error {
	lines := bufio.NewReaderSize(in, userfile.MaxLine+1)
	for number := 1; ; number++ {
		raw, err := readLine(lines)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read line %d: %w", number, err)
		}
		if len(bytes.TrimSpace(raw)) == 0 {
			continue
		}
		if err := i.take(ctx, raw); errors.Is(err, auth.ErrUnavailable) || ctx.Err() != nil {
			return fmt.Errorf("stopped at line %d, the lines before it are done: %w", number, err)
		} else if err != nil {
			i.refused++
			fmt.Fprintf(i.err, "line %d: %v\n", number, err)
		}
	}
	fmt.Fprintf(i.err, "%d added, %d updated, %d refused\n", i.added, i.updated, i.refused)
	if i.refused > 0 {
		return errFailed
	}
	return nil
}

// readLine returns one line without its end. Of a line that is too long it returns the beginning, which is too
// long for Decode as well, and skips the rest.
func readLine(lines *bufio.Reader) ([]byte, error) {
	raw, err := lines.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		start := bytes.Clone(raw)
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = lines.ReadSlice('\n')
		}
		return start, nil
	}
	if len(raw) > 0 {
		return bytes.TrimRight(raw, "\r\n"), nil
	}
	return nil, err
}

func (i *importer) take(ctx context.Context, raw []byte) error {
	entry, err := userfile.Decode(raw)
	if err != nil {
		return err
	}
	existing, err := i.store.UserByIdentifier(ctx, entry.User.Identifier)
	switch {
	case errors.Is(err, auth.ErrNotFound):
		return i.add(ctx, entry)
	case err != nil:
		return fmt.Errorf("look up %s: %w", entry.User.Email, err)
	case !i.update:
		return fmt.Errorf("%s %w", entry.User.Email, errExists)
	}
	return i.replace(ctx, existing, entry)
}

func (i *importer) add(ctx context.Context, entry userfile.Entry) error {
	if err := i.hash(ctx, &entry); err != nil {
		return err
	}
	entry.User.CreatedAt = time.Now()
	entry.User.UpdatedAt = entry.User.CreatedAt
	if err := i.store.CreateUser(ctx, entry.User); errors.Is(err, auth.ErrConflict) {
		return fmt.Errorf("the id %s or the e-mail address belongs to another user", entry.User.ID)
	} else if err != nil {
		return fmt.Errorf("store %s: %w", entry.User.Email, err)
	}
	i.added++
	return nil
}

func (i *importer) replace(ctx context.Context, existing auth.User, entry userfile.Entry) error {
	if !entry.NewID && entry.User.ID != existing.ID {
		return fmt.Errorf("%s has the id %s, and the line says %s", existing.Email, existing.ID, entry.User.ID)
	}
	if err := i.hash(ctx, &entry); err != nil {
		return err
	}
	u := entry.User
	u.ID, u.Version, u.PasswordEpoch = existing.ID, existing.Version, existing.PasswordEpoch
	u.CreatedAt, u.UpdatedAt = existing.CreatedAt, time.Now()
	if u.PasswordHash != existing.PasswordHash {
		u.PasswordEpoch++
	}
	if err := i.store.UpdateUser(ctx, u); err != nil {
		return fmt.Errorf("update %s: %w", u.Email, err)
	}
	if u.Status != auth.StatusReady || u.PasswordEpoch != existing.PasswordEpoch {
		if err := i.store.EndSessions(ctx, u.ID); err != nil {
			return fmt.Errorf("end the sessions of %s: %w", u.Email, err)
		}
	}
	i.updated++
	return nil
}

func (i *importer) hash(ctx context.Context, entry *userfile.Entry) error {
	if entry.Password == "" {
		return nil
	}
	hash, err := i.hasher.Hash(ctx, entry.Password)
	if err != nil {
		return fmt.Errorf("password: %w", err)
	}
	entry.User.PasswordHash = hash
	return nil
}
