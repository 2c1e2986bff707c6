package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/admin"
	"latchkey/internal/admin/bulk"
	"latchkey/internal/app"
	"latchkey/internal/keyring"
	"latchkey/internal/password"
	"latchkey/internal/sqlite"
	"latchkey/internal/terminal"
)

func usersImportCommand(c *cli) *cobra.Command {
	var how importFlags
	var dryRun bool
	var asJSON *bool
	cmd := &cobra.Command{
		Use: "import FILE|-", Short: "Import users from JSON Lines, hashes included", Args: exactArgs("FILE|-"),
		Long: `Reads one user a line from FILE, or from standard input if it is '-':

  {"email": "ada@example.com", "passwordHash": "$2b$12$…", "status": "ready", "role": "editor", "name": "Ada",
   "accounts": [{"organizationId": "o1", "organizationName": "Org", "userType": "Organization Owner"}]}

A line has a plain "password", or in "passwordHash" what the system that the users come from stored: argon2, bcrypt,
scrypt, PBKDF2 and others, as docs/hashes.md lists them. A bad line is reported with its number and reason, the others
are imported, and the exit code is 1. A file in another format is refused as a whole: docs/migrate.md has commands for
the exports of other systems. Users who are stored already as their lines say are left alone, so that an interrupted
import goes on when the same command is run again. Stored users who differ are reported and left as they are, unless
--update is given: it replaces everything but their ids and, if the line has none, their password. A changed password
ends the user's sessions. Second factors come along for new users, from "factors" of an export under the same key ring, or
from "totpSecret", the seed of an authenticator app in base32; those of stored users are left alone. --dry-run shows what
would happen, and stores nothing.`,
		Example: `  latchkey users import users.jsonl --dry-run
  latchkey users import users.jsonl
  cat users-*.jsonl | latchkey users import - --update --store dynamodb:TABLE`, ValidArgsFunction: fileNames(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in, err := c.open(cmd.Context(), args[0])
			if err != nil {
				return fmt.Errorf("read the users: %w", err)
			}
			defer in.Close()
			relaxGC(bulkMemory, 0, c.getenv)
			config, err := c.config(cmd)
			if err != nil {
				return usageError{err}
			}
			if dryRun {
				return c.dryRunImport(cmd, config, in, how, *asJSON)
			}
			return c.importUsers(cmd, config, in, how, *asJSON)
		},
	}
	asJSON = jsonFlag(cmd)
	addFlags(cmd, "PASSKEY_RP")
	cmd.Flags().BoolVar(&how.withoutFactors, "without-factors", false, "import users without the second factors in their lines")
	cmd.Flags().BoolVar(&how.update, "update", false, "replace stored users with the same e-mail address, keeping their ids")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "check every line and show what would happen, and store nothing")
	return cmd
}

// importFlags say how lines become users.
type importFlags struct{ update, withoutFactors bool }

func (c *cli) importUsers(cmd *cobra.Command, config app.Config, in io.Reader, how importFlags, asJSON bool) error {
	hasher := config.NewHasher()
	progress := terminal.NewProgress(c.err, "importing", c.size(in))
	i := c.newImport(progress, config, how)
	i.Hasher = hasher
	return c.administer(cmd, func(a *admin.Admin) error {
		counts, err := bulk.ImportUsers(cmd.Context(), a, i, in)
		return c.finishImport(progress, counts, asJSON, err)
	})
}

func (c *cli) newImport(progress *terminal.Progress, config app.Config, how importFlags) bulk.Import {
	return bulk.Import{
		NewHashes: config.NewHasher().Describe(), Update: how.update, WithoutFactors: how.withoutFactors,
		Seeds: app.NewSeeds(c.unopenedRing(config)), RelyingParty: config.RelyingPartyID(), Now: time.Now, Progress: progress.Update,
		Refused: func(line int, why error) { fmt.Fprintf(progress, "line %d: %v\n", line, why) },
	}
}

// finishImport prints how many lines went where, however the import ended.
func (c *cli) finishImport(progress *terminal.Progress, counts bulk.Counts, asJSON bool, err error) error {
	progress.Finish()
	if errors.Is(err, keyring.ErrNoRing) {
		fmt.Fprintln(progress, "Second factors are sealed under the key ring: 'latchkey keys init' makes one, and --without-factors does without.")
	}
	if counts.ForeignHashes {
		fmt.Fprintln(progress, "Imported hashes take a different time to verify than new ones, which reveals who is a user: see 'latchkey users hashes'.")
	}
	if counts.BcryptHashes > 0 {
		fmt.Fprintf(progress, "Users with bcrypt hashes: %d. Those whose passwords have more than 72 bytes cannot sign in, and no hash shows who that is: see docs/hashes.md.\n", counts.BcryptHashes)
	}
	if counts.Factors > 0 {
		fmt.Fprintf(progress, "%d were added with second factors and no recovery codes, which they make themselves: see docs/factors.md\n", counts.Factors)
	}
	warnOfDemoUsers(progress, counts.DemoUsers)
	if asJSON {
		err = errors.Join(err, c.printJSON(counts))
	} else {
		fmt.Fprintf(progress, "%d added, %d updated, %d refused, %d unchanged\n", counts.Added, counts.Updated, counts.Refused, counts.Unchanged)
	}
	if err == nil && counts.Refused > 0 {
		return errFailed
	}
	return err
}

func warnOfDemoUsers(out io.Writer, users int) {
	if users > 0 {
		fmt.Fprintf(out, "%d of them have ids of demo users, whose password everybody knows: delete them where real users sign in\n", users)
	}
}

// dryRunImport reads the real store and writes to a temporary one. Its hashes are cheap: nobody will use them.
func (c *cli) dryRunImport(cmd *cobra.Command, config app.Config, in io.Reader, how importFlags, asJSON bool) (err error) {
	ctx := cmd.Context()
	dir, err := os.MkdirTemp("", "latchkey-dry-run-*")
	if err != nil {
		return fmt.Errorf("make a place for the dry run: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	scratch, err := sqlite.Open(ctx, filepath.Join(dir, "scratch.db"))
	if err != nil {
		return err
	}
	defer scratch.Close()
	dryRun := bulk.DryRun{Scratch: scratch}
	if !absent(config.Store) { // opening it would create it
		real, err := c.openStore(ctx, config.Store, false)
		if err != nil {
			return err
		}
		defer real.Close()
		dryRun.Real = real
	}
	progress := terminal.NewProgress(c.err, "checking", c.size(in))
	i := c.newImport(progress, config, how)
	i.Store, i.Hasher = dryRun, password.New(password.Params{Memory: 8, Time: 1, Threads: 1}, 0)
	counts, err := i.Run(ctx, in)
	err = c.finishImport(progress, counts, asJSON, err)
	c.tell("this was a dry run: nothing is stored\n")
	return err
}

// size is how many bytes the source has, or -1 if that cannot be known.
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
