package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"latchkey/internal/admin"
	"latchkey/internal/admin/bulk"
	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/terminal"
)

func usersExportCommand(c *cli) *cobra.Command {
	var force, open, without, yes bool
	var asJSON *bool
	cmd := &cobra.Command{
		Use: "export FILE|-", Short: "Write all users as JSON Lines, hashes included", Args: exactArgs("FILE|-"),
		Long: `Writes one user a line to FILE, or to standard output if it is '-', as 'users import' reads them: with their ids,
accounts and password hashes. Only its owner can read the file, and it gets its name when it is complete. An existing file
is left alone unless --force is given. Users who change meanwhile are written as they were or as they are.

With the file anyone can try passwords, so keep it as you keep the store. Second factors are in it as they are stored,
sealed: only a deployment with the same key ring can import them. For a move to another one, --open-factors writes the
seeds of authenticator apps in clear, as "totpSecret"; with such a file anyone can make codes. Recovery codes, remembered
devices and sessions are not exported.`,
		Example: `  latchkey users export users.jsonl
  latchkey users export - --store dynamodb:TABLE > users.jsonl
  latchkey users export users.jsonl --open-factors`, ValidArgsFunction: fileNames(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkTarget(args[0], force); err != nil {
				return err
			}
			factors, err := c.askForFactors(cmd, open, without, yes)
			if err != nil {
				return err
			}
			relaxGC(bulkMemory, 0, c.getenv)
			return c.administer(cmd, func(a *admin.Admin) error { return c.exportUsers(cmd, a, args[0], factors, force, *asJSON) })
		},
	}
	asJSON = jsonFlag(cmd)
	cmd.Flags().BoolVar(&force, "force", false, "replace an existing file")
	cmd.Flags().BoolVar(&open, "open-factors", false, "write the seeds of authenticator apps in clear, for another deployment")
	cmd.Flags().BoolVar(&without, "without-factors", false, "leave second factors out")
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask before seeds are written in clear")
	return cmd
}

// askForFactors returns how second factors are exported, and asks before seeds are written in clear.
func (c *cli) askForFactors(cmd *cobra.Command, open, without, yes bool) (bulk.ExportedFactors, error) {
	switch {
	case open && without:
		return 0, usageError{errors.New("give --open-factors or --without-factors, not both")}
	case without:
		return bulk.LeaveFactors, nil
	case !open:
		return bulk.SealFactors, nil
	case yes:
		return bulk.OpenFactors, nil
	case !c.dialog().CanAsk():
		return 0, usageError{errors.New("--yes is missing: the file would have the seeds of authenticator apps in clear")}
	}
	const question = "Write the seeds of all authenticator apps in clear? With the file anyone can make their codes. Type 'open': "
	if !c.dialog().Confirm(cmd.Context(), question, "open") {
		return 0, errors.New("nothing was exported")
	}
	return bulk.OpenFactors, nil
}

func (c *cli) exportUsers(cmd *cobra.Command, a *admin.Admin, name string, factors bulk.ExportedFactors, force, asJSON bool) error {
	progress := terminal.NewProgress(c.err, "exporting", -1)
	e := bulk.Export{
		Factors: factors, Seeds: app.NewSeeds(a.Keys),
		Progress: func(users int) { progress.Update(0, users) },
		Unusable: func(u auth.User, why error) { fmt.Fprintf(progress, "%s: %v\n", u.Email, why) },
	}
	counts, err := bulk.ExportUsers(cmd.Context(), a, e, func(write func(io.Writer) error) error {
		if name == "-" {
			return write(c.out)
		}
		return writeAtomically(name, force, write)
	})
	progress.Finish()
	if err != nil {
		return err
	}
	warnOfDemoUsers(progress, counts.DemoUsers)
	if counts.LostFactors > 0 {
		fmt.Fprintf(progress, "%d of them have second factors, which are left out: where they are imported, the password is enough\n", counts.LostFactors)
	}
	switch {
	case !asJSON:
		fmt.Fprintf(progress, "%d exported\n", counts.Exported)
	case name == "-": // standard output has the users
		err = json.NewEncoder(c.err).Encode(counts)
	default:
		err = c.printJSON(counts)
	}
	if counts.Unusable > 0 {
		fmt.Fprintf(progress, "%d of them cannot be imported as they are\n", counts.Unusable)
		err = errors.Join(err, errFailed)
	}
	return err
}

// checkTarget refuses an existing file without force, and anything but a regular file.
func checkTarget(name string, force bool) error {
	info, err := os.Lstat(name)
	switch {
	case name == "-" || errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file; '-' writes to standard output", name)
	case !force:
		return fileExists(name)
	}
	return nil
}

func fileExists(name string) error {
	return cliError{fmt.Errorf("%s already exists; --force replaces it", name), auth.ErrConflict}
}

// writeAtomically names the file only when it is complete and synced.
func writeAtomically(name string, force bool, write func(io.Writer) error) (err error) {
	file, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*.partial") // with mode 0600
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
		return fileExists(name)
	case err != nil: // a file system without links
		return os.Rename(file.Name(), name)
	}
	return nil
}
