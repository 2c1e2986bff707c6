package doctest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
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

// section is the text under the heading, up to the next one of its kind.
func section(t *testing.T, text, heading string) string {
	t.Helper()
	_, after, found := strings.Cut(text, "\n## "+heading+"\n")
	if !found {
		t.Fatalf("there is no %q", heading)
	}
	under, _, _ := strings.Cut(after, "\n## ")
	return under
}

// cells are those of a line of a table, or nil.
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

// quoted are what stands between backquotes, blocks of code apart.
func quoted(text string) (found []string) {
	text = regexp.MustCompile("(?s)\n```.*?\n```").ReplaceAllString(text, "")
	for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(text, -1) {
		found = append(found, m[1])
	}
	return found
}

// files are the paths that the text names: those it links to, as seen from docs, and those between backquotes.
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

// tests are the names of the tests of a package's folder.
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
