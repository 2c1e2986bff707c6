package main

import (
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// mostFile is the maximum number of lines of a file.
const mostFile = 400

// pkg holds the measurements of one folder.
type pkg struct {
	path      string
	files     map[string]int // lines by file
	tests     int            // lines of tests
	functions []int          // lines of each
	problems  []string
}

func (p pkg) lines() (sum int) {
	for _, n := range p.files {
		sum += n
	}
	return sum
}

func measure(root, dir string) (pkg, error) {
	path, err := filepath.Rel(root, dir)
	if err != nil {
		return pkg{}, err
	}
	p := pkg{path: filepath.ToSlash(path), files: map[string]int{}}
	sources, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return pkg{}, err
	}
	explained, name := false, ""
	for _, source := range sources {
		text, err := os.ReadFile(source)
		if err != nil {
			return pkg{}, err
		}
		lines := strings.Count(string(text), "\n")
		if strings.HasSuffix(source, "_test.go") {
			p.tests += lines
			continue
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, source, text, parser.ParseComments)
		if err != nil {
			return pkg{}, err
		}
		p.files[filepath.Base(source)] = lines
		explained, name = explained || file.Doc != nil, file.Name.Name
		look{&p, set, file.Name.Name == "main"}.file(file)
		if lines > mostFile {
			p.problem("%s has %d lines, at most %d are promised", source, lines, mostFile)
		}
	}
	if len(p.files) > 0 && !explained {
		p.problem("%s: the package has no comment", dir)
	}
	if slices.Contains(meaningless(), name) {
		p.problem("%s: %q says nothing about what the package does", dir, name)
	}
	return p, nil
}

func meaningless() []string {
	return []string{"util", "utils", "common", "helpers", "models", "types", "services", "dto", "shared"}
}

func (p *pkg) problem(format string, args ...any) {
	p.problems = append(p.problems, fmt.Sprintf(format, args...))
}
