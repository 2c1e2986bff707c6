// Command budget checks our own code against its rules: short functions, small interfaces, every export explained. `make
// check` runs it. A broken rule fails. Packages may be large if docs/architecture.md says why.
package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	if err := run(os.Stdout, "."); err != nil {
		fmt.Fprintln(os.Stderr, "budget:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, root string) error {
	all, err := read(root)
	if err != nil {
		return err
	}
	all.print(out)
	reasons, err := os.ReadFile(filepath.Join(root, "docs", "architecture.md"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if broken := append(all.broken(), all.unexplained(string(reasons))...); len(broken) > 0 {
		return fmt.Errorf("%d of our promises are broken:\n%s", len(broken), strings.Join(broken, "\n"))
	}
	return nil
}

// read measures every package below root, without tests.
func read(root string) (report, error) {
	var all report
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != root && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata"):
			return fs.SkipDir
		case entry.IsDir():
			p, err := measure(root, path)
			if err == nil && len(p.files) > 0 {
				all = append(all, p)
			}
			return err
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", root, err)
	}
	slices.SortFunc(all, func(a, b pkg) int { return b.lines() - a.lines() })
	return all, nil
}
