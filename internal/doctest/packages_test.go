package doctest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// imports are the imports of a package, without those of its tests.
type imports struct {
	folder  string
	imports []string
}

func packages(t *testing.T) (all []imports) {
	t.Helper()
	for _, module := range []string{root, root + "tools/browser"} {
		list := exec.Command("go", "list", "-json=ImportPath,Imports", "./...")
		list.Dir = module
		out, err := list.Output()
		if err != nil {
			t.Fatalf("go list in %s: %v", module, err)
		}
		for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
			var p struct {
				ImportPath string
				Imports    []string
			}
			if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("go list in %s: %v", module, err)
			}
			all = append(all, imports{strings.TrimPrefix(p.ImportPath, "latchkey/"), p.Imports})
		}
	}
	return all
}
