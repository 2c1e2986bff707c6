package app_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"latchkey/internal/app"
	"latchkey/internal/authtest"
)

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	check(t, err)
	return string(text)
}

// frontDoors returns the functions behind each path of the template's HTTP API and of its REST API.
func frontDoors(t *testing.T) (http, rest map[string]string) {
	t.Helper()
	template := read(t, "../../template.yaml")
	pairs := func(pattern string) map[string]string {
		found := map[string]string{}
		for _, m := range regexp.MustCompile("(?m)"+pattern).FindAllStringSubmatch(template, -1) {
			found[m[1]] = m[2]
		}
		return found
	}
	http = pairs(`RouteKey: ANY (\S+)\n +Target: !Sub integrations/\$\{(\w+)\}`)
	calls := pairs(`^  (\w+Integration):\n(?:    .+\n)+?      IntegrationUri: !Ref (\w+)\.Alias$`)
	for path, integration := range http {
		http[path] = calls[integration]
	}
	rest = pairs(`^          (/\S+): (?:!If \[\w+, )?[&*](\w+)`)
	calls = pairs(`: &(\w+)\n(?: {12}.+\n)+?.+function:\$\{!stageVariables\.(\w+)\}:live`)
	variables := pairs(`[{,] (\w+): !Ref (\w+Function)`)
	for path, anchor := range rest {
		rest[path] = variables[calls[anchor]]
	}
	return http, rest
}

// described returns the paths of the OpenAPI description.
func described(t *testing.T) map[string]bool {
	t.Helper()
	var description struct {
		Paths map[string]any
	}
	check(t, yaml.Unmarshal([]byte(read(t, "../../api/openapi.yaml")), &description))
	paths := map[string]bool{}
	for path := range description.Paths {
		if strings.HasPrefix(path, "/") {
			paths[path] = true
		}
	}
	return paths
}

// TestRouteLists promises that the functions, both front doors and the description have the same paths. What serve alone
// has is only described.
func TestRouteLists(t *testing.T) {
	config, err := app.ConfigFrom(settings{"RESET_URL": "https://app.example.com/reset"}.get)
	check(t, err)
	code, paths := map[string]string{}, map[string]bool{"/": true, "/healthz": true}
	for function, routes := range app.FunctionRoutes(config, app.Ports{Outbox: &authtest.Outbox{}}) {
		for path := range routes {
			code[path], paths[path] = function, true
		}
	}
	http, rest := frontDoors(t)
	if diff := cmp.Diff(code, http); diff != "" || len(code) < 9 {
		t.Errorf("the HTTP API differs (-code +template):\n%s", diff)
	}
	if diff := cmp.Diff(code, rest); diff != "" {
		t.Errorf("the REST API differs (-code +template):\n%s", diff)
	}
	if diff := cmp.Diff(paths, described(t)); diff != "" {
		t.Errorf("openapi.yaml differs (-code +described):\n%s", diff)
	}
}

// TestContractLists promises that every wired contract is in each list that needs it: the parameter Contracts, both front
// doors, the firewall, the description and the events.
func TestContractLists(t *testing.T) {
	parameters := readTemplate(t).Parameters
	http, rest := frontDoors(t)
	_, rule, _ := strings.Cut(read(t, "../../template.yaml"), "\n        - Name: LoginRate\n")
	rule, _, _ = strings.Cut(rule, "\n        - Name: ")
	var matched []string
	for _, m := range regexp.MustCompile(`SearchString: (\S+)`).FindAllStringSubmatch(rule, -1) {
		matched = append(matched, m[1])
	}
	events := eventPaths(t)
	for _, c := range app.AllContracts() {
		name, path := c.Terms().Contract, c.Path()
		for problem, found := range map[string]bool{
			"template.yaml: the parameter Contracts does not name " + name:         slices.Contains(strings.Split(parameters["Contracts"].Default, ","), name),
			"template.yaml: the HTTP API has no route " + path:                     http[path] == "LoginFunction",
			"template.yaml: the REST API has no route " + path:                     rest[path] == "LoginFunction",
			"template.yaml: the firewall's login rule does not match " + path:      slices.ContainsFunc(matched, func(s string) bool { return strings.Contains(path, s) }),
			"openapi.yaml does not describe " + path:                               described(t)[path],
			"events/login has no event for " + path + " of an HTTP and a REST API": events["2.0 "+path] && events[" "+path],
		} {
			if !found {
				t.Error(problem)
			}
		}
	}
}

// eventPaths returns the payload versions and paths of the login's events.
func eventPaths(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("../../events/login/*.json")
	check(t, err)
	found := map[string]bool{}
	for _, file := range files {
		var event struct {
			Version, RawPath, Path string
		}
		if json.Unmarshal([]byte(read(t, file)), &event) == nil {
			found[event.Version+" "+event.RawPath+event.Path] = true
		}
	}
	if len(found) < 4 {
		t.Fatalf("only %v", slices.Collect(maps.Keys(found)))
	}
	return found
}
