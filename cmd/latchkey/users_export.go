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
	"latchkey/internal/auth"
	"latchkey/internal/terminal"
)

func usersExportCommand(c *cli) *cobra.Command {
	var force bool
	var asJSON *bool
	cmd := &cobra.Command{
		Use: "export FILE|-", Short: "Write all users as JSON Lines, hashes included", Args: exactArgs("FILE|-"),
		Long: `Writes one user a line to FILE, or to standard output if it is '-', as 'users import' reads them: with their ids,
accounts and password hashes. Only its owner can read the file, and it gets its name when it is complete. An existing file
is left alone unless --force is given. Users who change meanwhile are written as they were or as they are.

With the file anyone can try passwords, so keep it as you keep the store.`,
		Example: `  latchkey users export users.jsonl
  latchkey users export - --store dynamodb:TABLE > users.jsonl`, ValidArgsFunction: fileNames(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkTarget(args[0], force); err != nil {
				return err
			}
			relaxGC(bulkMemory, 0, c.getenv)
			return c.administer(cmd, func(a *admin.Admin) error { return c.exportUsers(cmd, a, args[0], force, *asJSON) })
		},
	}
	asJSON = jsonFlag(cmd)
	cmd.Flags().BoolVar(&force, "force", false, "replace an existing file")
	return cmd
}

func (c *cli) exportUsers(cmd *cobra.Command, a *admin.Admin, name string, force, asJSON bool) error {
	progress := terminal.NewProgress(c.err, "exporting", -1)
	e := bulk.Export{
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
		fmt.Fprintf(progress, "%d of them have second factors, which are not exported: where they are imported, the password is enough\n", counts.LostFactors)
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
