package doctest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../../"

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(root + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// walk calls visit with every file of the repository, as a path from its root, except test data and build results.
func walk(t *testing.T, visit func(name string)) {
	t.Helper()
	skipped := []string{".git", "testdata", "bin", ".aws-sam", "node_modules", ".latchkey"}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case slices.Contains(skipped, entry.Name()) && entry.IsDir():
			return filepath.SkipDir
		case entry.Type().IsRegular() && entry.Name() != ".git":
			visit(filepath.ToSlash(strings.TrimPrefix(path, root)))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// section returns the text between the heading and the next one of its level.
func section(t *testing.T, text, heading string) string {
	t.Helper()
	_, after, found := strings.Cut(text, "\n## "+heading+"\n")
	if !found {
		t.Fatalf("no heading %q", heading)
	}
	under, _, _ := strings.Cut(after, "\n## ")
	return under
}

// cells splits a row of a table; nil if the line is not a row.
func cells(line string) []string {
	if !strings.HasPrefix(line, "| ") || !strings.HasSuffix(line, "|") {
		return nil
	}
	parts := strings.Split(strings.TrimSuffix(strings.TrimPrefix(line, "|"), "|"), "|")
	for i, part := range parts {
		parts[i] = strings.TrimSpace(part)
	}
	return parts
}

// quoted returns the texts between backquotes, except in blocks of code.
func quoted(text string) (found []string) {
	text = regexp.MustCompile("(?s)\n```.*?\n```").ReplaceAllString(text, "")
	for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(text, -1) {
		found = append(found, m[1])
	}
	return found
}

// files returns the paths that the text names, in links (relative to docs) and between backquotes.
func files(text string) (paths []string) {
	for _, m := range regexp.MustCompile(`\]\(([^)#]+)(#[^)]*)?\)`).FindAllStringSubmatch(text, -1) {
		if !strings.Contains(m[1], "://") {
			paths = append(paths, filepath.Join("docs", m[1]))
		}
	}
	path := regexp.MustCompile(`^(Makefile|template\.yaml|verify|(internal|cmd|functions|api|examples|verify)/[\w./-]+)$`)
	for _, name := range quoted(text) {
		if path.MatchString(name) {
			paths = append(paths, name)
		}
	}
	return paths
}

// tests returns the names of the tests in a folder.
func tests(t *testing.T, folder string) map[string]bool {
	t.Helper()
	sources, err := filepath.Glob(root + folder + "/*_test.go")
	if err != nil || len(sources) == 0 {
		t.Fatalf("no tests in %s: %v", folder, err)
	}
	names := map[string]bool{}
	for _, source := range sources {
		file, err := parser.ParseFile(token.NewFileSet(), source, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && regexp.MustCompile(`^(Test|Fuzz)[A-Z]`).MatchString(f.Name.Name) {
				names[f.Name.Name] = true
			}
		}
	}
	return names
}
