package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBudget promises that each broken rule is found, and that code which follows all of them passes.
func TestBudget(t *testing.T) {
	long := func(name string, lines int) string {
		return "func " + name + "() {\n" + strings.Repeat("\tprintln()\n", lines-2) + "}\n"
	}
	const head = "// Package p does one thing.\npackage p\n"
	for name, tc := range map[string]struct{ source, want string }{
		"good": {head + `
// Five has as many methods as it may, and those of another.
type Five interface { a(); b(); c(); d(); e(); error }

// Names.
const A, B = 1, 2

var (
	// ErrGone is an error.
	ErrGone = error(nil)
	_       = A
	table   = []int{1}
)

type hidden struct{}

func (hidden) Shown() {}

// Generic is explained.
type Generic[T any] struct{}

// Method is too.
func (*Generic[T]) Method() {}
` + long("f", 60), ""},
		"no package comment":   {"package p\n", "the package has no comment"},
		"a name without sense": {"// Package util does all.\npackage util\n", "says nothing"},
		"a long function":      {head + long("f", 61), "f has 61 lines, at most 60"},
		"a long main":          {"// Command p runs.\npackage main\n" + long("main", 26), "main has 26 lines, at most 25"},
		"a large interface":    {head + "type i interface { a(); b(); c(); d(); e(); f() }\n", "6 methods"},
		"an init":              {head + "func init() {}\n", "init runs"},
		"a function":           {head + "func F() {}\n", "F is exported and not explained"},
		"a method":             {head + "// T is.\ntype T[K, V any] struct{}\nfunc (*T[K, V]) M() {}\n", "M is exported and not explained"},
		"a type":               {head + "type T int\n", "T is exported and not explained"},
		"a constant":           {head + "const C = 1\n", "C is exported and not explained"},
		"a global":             {head + "var state int\n", "state is global"},
		"an embedded file":     {head + "//go:embed p.bin\nvar content []byte\n", ""},
		"an exported global":   {head + "// Limit is.\nvar Limit = 1\n", "Limit is global"},
		"a long file":          {head + strings.Repeat("\n", 399), "401 lines, at most 400"},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			if err := os.WriteFile(filepath.Join(root, "p.go"), []byte(tc.source), 0o600); err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			err := run(&out, root)
			if tc.want == "" && err != nil {
				t.Errorf("want no problem, got %v", err)
			}
			if tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want) || strings.Count(err.Error(), "\n") != 1) {
				t.Errorf("want the one problem %q, got %v", tc.want, err)
			}
			if !strings.HasPrefix(out.String(), "1 packages, ") {
				t.Errorf("printed %q", out.String())
			}
		})
	}
}
