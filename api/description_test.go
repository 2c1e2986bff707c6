// Package api_test compares openapi.yaml with real answers: every answer must be described, and every description must
// have been answered.
package api_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

// location names the document for the schema compiler; nothing is fetched from it.
const location = "https://latchkey.invalid/openapi.yaml"

// description is openapi.yaml, ready to check answers against it.
type description struct {
	root     any
	compiler *jsonschema.Compiler
}

func readDescription(t *testing.T) *description {
	t.Helper()
	text, err := os.ReadFile("openapi.yaml")
	check(t, err)
	d := &description{compiler: jsonschema.NewCompiler()}
	check(t, yaml.Unmarshal(text, &d.root))
	d.compiler.AssertFormat()
	check(t, d.compiler.AddResource(location, d.root))
	return d
}

// node is a place in the description: its JSON pointer and its value.
type node struct {
	at    string
	value any
}

func (n node) fields() map[string]any {
	fields, _ := n.value.(map[string]any)
	return fields
}

// get follows the keys and any references; an absent node has no value.
func (d *description) get(from node, keys ...string) node {
	for _, key := range keys {
		from = node{from.at + "/" + strings.ReplaceAll(key, "/", "~1"), from.fields()[key]} // no key has a ~
		if ref, ok := from.fields()["$ref"].(string); ok {
			parts := strings.Split(strings.TrimPrefix(ref, "#/"), "/")
			from = d.get(node{value: d.root}, parts...)
		}
	}
	return from
}

func (d *description) paths() node { return d.get(node{value: d.root}, "paths") }

// path returns the described path that matches the requested one, or an empty string.
func (d *description) path(asked string) string {
	if _, found := d.paths().fields()[asked]; found {
		return asked
	}
	end := strings.LastIndexByte(asked, '/') + 1
	template := asked[:end] + "{id}"
	if _, found := d.paths().fields()[template]; found && end < len(asked) {
		return template
	}
	return ""
}

// methods returns the methods that are described for a path.
func (d *description) methods(path string) []string {
	var methods []string
	for key := range d.get(d.paths(), path).fields() {
		if key != "parameters" {
			methods = append(methods, strings.ToUpper(key))
		}
	}
	return methods
}

// outcome is one status of one operation.
type outcome struct {
	method, path string
	status       int
}

// outcomes returns all that are described.
func (d *description) outcomes(t *testing.T) []outcome {
	t.Helper()
	var all []outcome
	for path := range d.paths().fields() {
		if path == anyOther {
			continue
		}
		for _, method := range d.methods(path) {
			for text := range d.get(d.paths(), path, strings.ToLower(method), "responses").fields() {
				status, err := strconv.Atoi(text)
				check(t, err)
				all = append(all, outcome{method, path, status})
			}
		}
	}
	return all
}

// anyOther is the entry for all undescribed paths.
const anyOther = "x-any-other-path"

// outcome returns where the answer must be described: a method that the path does not have is described with the one it has.
func (d *description) outcome(a answer) outcome {
	o := outcome{a.method, d.path(a.path), a.status}
	if methods := d.methods(o.path); o.path != "" && !slices.Contains(methods, a.method) {
		o.method = slices.DeleteFunc(methods, func(m string) bool { return m == http.MethodOptions || m == http.MethodHead })[0]
	}
	return o
}

// response returns the description of the answer.
func (d *description) response(a answer) (node, error) {
	o := d.outcome(a)
	switch {
	case o.path == "" && a.status != http.StatusNotFound:
		return node{}, fmt.Errorf("%d on a path that is not described", a.status)
	case o.path == "":
		return d.get(d.paths(), anyOther), nil
	case o.method != a.method && a.status != http.StatusMethodNotAllowed:
		return node{}, fmt.Errorf("%d for a method that is not described", a.status)
	}
	response := d.get(d.paths(), o.path, strings.ToLower(o.method), "responses", strconv.Itoa(o.status))
	if response.value == nil {
		return node{}, fmt.Errorf("the status %d is not described", a.status)
	}
	return response, nil
}

// check returns how the answer differs from its description; everything in an answer must be described.
func (d *description) check(a answer) error {
	response, err := d.response(a)
	if err != nil {
		return err
	}
	return errors.Join(d.checkHeaders(response, a.header), d.checkBody(response, a))
}

func (d *description) checkHeaders(response node, header http.Header) error {
	var problems []error
	declared := d.get(response, "headers")
	for name := range declared.fields() {
		h := d.get(declared, name)
		values, sent := header[http.CanonicalHeaderKey(name)]
		switch {
		case sent:
			if err := d.checkHeader(h, values); err != nil {
				problems = append(problems, fmt.Errorf("%s: %w", name, err))
			}
		case h.fields()["required"] == true:
			problems = append(problems, fmt.Errorf("%s is missing", name))
		}
	}
	for name := range header {
		_, found := declared.fields()[name]
		ofTransport := name == "Content-Type" || name == "Content-Length" || name == "Date"
		if !found && !ofTransport {
			problems = append(problems, fmt.Errorf("%s is not described", name))
		}
	}
	return errors.Join(problems...)
}

// checkHeader takes cookies a line each, as OpenAPI 3.2 writes them, and other values as one list.
func (d *description) checkHeader(h node, values []string) error {
	if lines := d.get(h, "content", "text/plain", "schema"); lines.value != nil {
		return d.validate(lines, strings.Join(values, "\n"))
	}
	schema, text := d.get(h, "schema"), strings.Join(values, ", ")
	if schema.fields()["type"] == "integer" {
		number, err := strconv.Atoi(text)
		if err != nil {
			return err
		}
		return d.validate(schema, number)
	}
	return d.validate(schema, text)
}

func (d *description) checkBody(response node, a answer) error {
	content := d.get(response, "content")
	mediaType := a.header.Get("Content-Type")
	switch {
	case a.method == http.MethodHead && len(a.body) == 0:
		return nil
	case content.value == nil:
		if len(a.body) > 0 || mediaType != "" {
			return fmt.Errorf("a body that is not described: %q %q", mediaType, a.body)
		}
		return nil
	}
	schema := d.get(content, mediaType, "schema")
	if schema.value == nil {
		return fmt.Errorf("the media type %q is not described", mediaType)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(a.body))
	if err != nil {
		return fmt.Errorf("the body is no JSON: %w", err)
	}
	return d.validate(schema, value)
}

func (d *description) validate(schema node, value any) error {
	compiled, err := d.compiler.Compile(location + "#" + schema.at)
	if err != nil {
		return fmt.Errorf("the schema at %s: %w", schema.at, err)
	}
	return compiled.Validate(value)
}

// TestAnchors promises that each anchor is set once, because PyYAML and libyaml refuse the file otherwise.
func TestAnchors(t *testing.T) {
	text, err := os.ReadFile("openapi.yaml")
	check(t, err)
	set := map[string]bool{}
	for _, m := range regexp.MustCompile(`: &([\w-]+)`).FindAllSubmatch(text, -1) {
		if name := string(m[1]); set[name] {
			t.Errorf("&%s is set twice", name)
		} else {
			set[name] = true
		}
	}
	if len(set) == 0 {
		t.Error("no anchors were found")
	}
}
