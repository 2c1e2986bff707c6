package doctest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// riddles are names that say nothing to a first reader: particles, metaphors and bare participles. What a function does is verb
// and object; see the names that replaced them.
func riddles() map[string]string {
	return map[string]string{
		"arrive": "lookUp", "meet": "loadUserAndCount", "beside": "concurrently", "inTurn": "deferred", "lastWords": "minWriteTime",
		"outliving": "detach", "told": "cliError", "moment": "formatTime", "exactly": "exactArgs", "settle": "republish",
		"letGarbageWait": "relaxGC", "wholeFile": "writeAtomically", "rehearsal": "dryRun", "takeCensus": "countHashes",
		"written": "confirmed", "fits": "checkSize", "again": "pauseBeforeRetry", "passes": "isTransient", "unhurried": "retryThrottled",
		"patiently": "retryBusy", "advised": "checkpointed", "tidying": "cleanUp", "lately": "recentTurns", "patience": "queueDeadline",
		"unmap": "stripBasePath", "unfit": "malformed", "passable": "malformed", "Over": "Replacing", "alike": "sameExceptIDs",
		"Importable": "CheckImportable", "few": "capChecks", "sentAway": "errOverloaded", "playBare": "runBaseline",
		"Namesakes": "Existing", "Parts": "Config", "SessionParts": "Config",
	}
}

// namesNotYetHeld are the folders whose names have not been changed; the list ends empty.
func namesNotYetHeld() []string {
	return []string{
		"cmd/latchkey",
		"internal/contract/session",
		"internal/emulator",
		"internal/faults",
		"internal/lambdahttp",
		"internal/rotation",
		"internal/userfile",
		"tools/bench",
		"tools/timing",
	}
}

// TestNames promises that no function, type, method, constant or package variable is named by a riddle.
func TestNames(t *testing.T) {
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{".git", "testdata", "bin", ".aws-sam"}, entry.Name()):
			return filepath.SkipDir
		case !strings.HasSuffix(path, ".go"):
			return nil
		}
		folder := filepath.ToSlash(filepath.Dir(strings.TrimPrefix(path, root)))
		for _, name := range declared(t, path) {
			if better, bad := riddles()[name]; bad && !slices.Contains(namesNotYetHeld(), folder) {
				t.Errorf("%s: %s is a riddle; a name like %s says what it does", strings.TrimPrefix(path, root), name, better)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// declared returns the names that a file declares at the top level, methods included.
func declared(t *testing.T, path string) (names []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			names = append(names, d.Name.Name)
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					names = append(names, s.Name.Name)
				case *ast.ValueSpec:
					for _, n := range s.Names {
						names = append(names, n.Name)
					}
				}
			}
		}
	}
	return names
}
