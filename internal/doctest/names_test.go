package doctest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
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

// TestNames promises that no function, type, method, constant or package variable is named by a riddle.
func TestNames(t *testing.T) {
	walk(t, func(file string) {
		if !strings.HasSuffix(file, ".go") {
			return
		}
		for _, name := range declared(t, file) {
			if better, bad := riddles()[name]; bad {
				t.Errorf("%s: %s is a riddle; a name like %s says what it does", file, name, better)
			}
		}
	})
}

// declared returns the names that a file declares at the top level, methods included.
func declared(t *testing.T, name string) (names []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), root+name, nil, parser.SkipObjectResolution)
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
