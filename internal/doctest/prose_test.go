package doctest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// prose is a text for readers, and where it is.
type prose struct {
	folder, file string
	line         int
	text         string
	comment      bool // of Go code
}

// allProse returns every comment, help text, error, page and description of the tree.
func allProse(t *testing.T) []prose {
	t.Helper()
	var all []prose
	walk(t, func(name string) {
		for _, p := range proseOf(t, name) {
			p.file, p.folder = name, filepath.ToSlash(filepath.Dir(name))
			all = append(all, p)
		}
	})
	return all
}

func proseOf(t *testing.T, name string) []prose {
	t.Helper()
	switch {
	case strings.HasSuffix(name, ".go"):
		return goProse(t, name)
	case strings.HasSuffix(name, ".md"):
		return pageProse(read(t, name))
	case strings.HasSuffix(name, ".yaml") && !strings.HasPrefix(name, "events/"):
		return append(yamlProse(t, name), hashComments(read(t, name))...)
	case name == "Makefile", strings.HasPrefix(read(t, name), "#!"):
		return hashComments(read(t, name))
	}
	return nil
}

// goProse returns the comments of a Go file, and its strings of three words and more: help, errors and log messages. Tests and
// contracts are left out: the texts of answers are fixed.
func goProse(t *testing.T, name string) (all []prose) {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, root+name, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	if ast.IsGenerated(file) {
		return nil
	}
	for _, group := range file.Comments {
		all = append(all, prose{line: files.Position(group.Pos()).Line, text: plain(group.Text()), comment: true})
	}
	if strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "internal/contract/") {
		return all
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			if text, _ := strconv.Unquote(literal.Value); strings.Count(text, " ") >= 2 {
				all = append(all, prose{line: files.Position(literal.Pos()).Line, text: plain(text)})
			}
		}
		return true
	})
	return all
}

// pageProse returns the paragraphs of a page; blocks of code and quotations are left out.
func pageProse(page string) (all []prose) {
	number, inCode := 0, false
	var text strings.Builder
	flush := func() {
		if text.Len() > 0 {
			all = append(all, prose{line: number, text: plain(text.String())})
			text.Reset()
		}
	}
	for line := range strings.Lines(page) {
		number++
		trimmed := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(trimmed, "```"):
			inCode = !inCode
			flush()
		case inCode, strings.HasPrefix(trimmed, ">"):
		case trimmed == "", strings.HasPrefix(trimmed, "|"), strings.HasPrefix(trimmed, "- "), strings.HasPrefix(trimmed, "#"):
			flush()
			text.WriteString(line)
			if strings.HasPrefix(trimmed, "|") {
				flush()
			}
		default:
			text.WriteString(line)
		}
	}
	flush()
	return all
}

// yamlProse returns the descriptions of a template or of the OpenAPI document.
func yamlProse(t *testing.T, name string) (all []prose) {
	t.Helper()
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(read(t, name)), &document); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		for i, child := range n.Content {
			if n.Kind == yaml.MappingNode && i%2 == 1 && child.Kind == yaml.ScalarNode && describes.MatchString(n.Content[i-1].Value) {
				all = append(all, prose{line: child.Line, text: plain(child.Value)})
			}
			walk(child)
		}
	}
	walk(&document)
	return all
}

var describes = regexp.MustCompile(`(?i)^(\w*description|summary|title)$`)

// hashComments returns the comments of a script, a Makefile or a template, adjacent lines joined.
func hashComments(source string) (all []prose) {
	comment := regexp.MustCompile(`^\s*#+\s?(.*)$|\s##?\s(.*)$`)
	number, joined := 0, false
	for line := range strings.Lines(source) {
		number++
		m := comment.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		switch {
		case m == nil || strings.HasPrefix(line, "#!"):
			joined = false
		case joined && m[1] != "":
			all[len(all)-1].text += " " + plain(m[1])
		default:
			all = append(all, prose{line: number, text: plain(m[1] + m[2])})
			joined = m[1] != ""
		}
	}
	return all
}

var (
	codeLine  = regexp.MustCompile(`(?m)^\t.*$`)
	codeSpan  = regexp.MustCompile("`[^`]*`")
	quotation = regexp.MustCompile(`"[^"]*"|“[^”]*”|(^|[\s(])'[^']*'`)
	target    = regexp.MustCompile(`\]\([^)]*\)|https?://\S+`)
)

// plain drops the parts whose words are not ours: code, quotations and addresses.
func plain(text string) string {
	for _, left := range []*regexp.Regexp{codeLine, codeSpan, target, quotation} {
		text = left.ReplaceAllString(text, " … ")
	}
	return strings.Join(strings.Fields(text), " ")
}
