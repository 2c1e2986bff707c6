package app_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/app"
)

// TestTemplate promises that template.yaml sets the variables that are read and no others, and that a deployment that
// leaves a parameter alone has the same settings as a laptop.
func TestTemplate(t *testing.T) {
	raw, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	template := string(raw)
	set := map[string]string{} // setting → its value in the template
	for _, m := range regexp.MustCompile(`(?m)^ +LATCHKEY_([A-Z_]+): (.+)$`).FindAllStringSubmatch(template, -1) {
		if _, twice := set[m[1]]; twice {
			t.Errorf("the template sets %s twice", m[1])
		}
		set[m[1]] = m[2]
	}
	for _, s := range app.Settings() {
		value, found := set[s.Name]
		if !found {
			t.Errorf("the template does not set %s", s.Name)
		}
		delete(set, s.Name)
		parameter, ref := strings.CutPrefix(value, "!Ref ")
		if !ref { // STORE, KEYS and ISSUER are made of the stack's own resources
			continue
		}
		if got := parameterDefault(t, template, parameter); got != s.Default {
			t.Errorf("%s: the default of the parameter %s is %q, of the setting %q", s.Name, parameter, got, s.Default)
		}
	}
	for name := range set {
		t.Errorf("the template sets %s%s, which nothing reads", app.Prefix, name)
	}
}

// TestFrontDoors promises that the template's HTTP API and its REST API lead to the same functions by the same paths.
func TestFrontDoors(t *testing.T) {
	raw, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	pairs := func(pattern string) map[string]string {
		found := map[string]string{}
		for _, m := range regexp.MustCompile("(?m)"+pattern).FindAllStringSubmatch(string(raw), -1) {
			found[m[1]] = m[2]
		}
		return found
	}
	http := pairs(`RouteKey: ANY (\S+)\n +Target: !Sub integrations/\$\{(\w+)\}`)
	calls := pairs(`^  (\w+Integration):\n(?:    .+\n)+?      IntegrationUri: !GetAtt (\w+)\.Arn$`)
	for path, integration := range http {
		http[path] = calls[integration]
	}
	rest := pairs(`^          (/\S+): [&*](\w+)$`)
	calls = pairs(`: &(\w+)\n(?: {12}.+\n)+?.+function:\$\{!stageVariables\.(\w+)\}`)
	variables := pairs(`[{,] (\w+): !Ref (\w+Function)`)
	for path, anchor := range rest {
		rest[path] = variables[calls[anchor]]
	}
	if diff := cmp.Diff(http, rest); diff != "" || len(http) < 9 || http["/users/login"] != "LoginFunction" {
		t.Errorf("%d routes; the REST API differs (-HTTP +REST):\n%s", len(http), diff)
	}
}

// parameterDefault reads as much YAML as the template's parameters have.
func parameterDefault(t *testing.T, template, name string) string {
	t.Helper()
	_, found, _ := strings.Cut(template, "\nParameters:\n")
	_, found, ok := strings.Cut("\n"+found, "\n  "+name+":\n")
	m := regexp.MustCompile(`^(?:    .+\n)*?    Default: (.+)\n`).FindStringSubmatch(found)
	if !ok || m == nil {
		t.Errorf("the template has no parameter %s with a default", name)
		return ""
	}
	return strings.Trim(m[1], `"`)
}
