package api_test

import (
	stdjson "encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"latchkey/internal/web"
)

// TestAnswers promises that all answers are as described, and that the description has no status that is never given
// and no example that was not given.
func TestAnswers(t *testing.T) {
	t.Parallel()
	d := readDescription(t)
	answers := liveAnswers(t)
	for _, e := range events(t) {
		answers = append(answers, e.answer)
	}
	given, named := map[outcome]bool{}, map[string]answer{}
	for _, a := range answers {
		if err := d.check(a); err != nil {
			t.Errorf("%s %s %s: %d %s\n%v", a.name, a.method, a.path, a.status, a.body, err)
		}
		given[d.outcome(a)], named[a.name] = true, a
	}
	for _, o := range d.outcomes(t) {
		if !given[o] {
			t.Errorf("%s %s: %d is described and was never answered", o.method, o.path, o.status)
		}
	}
	d.compareExamples(t, named)
}

// compareExamples goes through all examples of answers.
func (d *description) compareExamples(t *testing.T, answers map[string]answer) {
	t.Helper()
	found := 0
	for _, example := range examples(node{value: d.root}) {
		if strings.Contains(example.at, "/requestBody/") {
			continue
		}
		found++
		a, given := answers[example.name]
		if !given {
			t.Errorf("%s: no such answer", example.at)
			continue
		}
		var want any = strings.Join(a.header["Set-Cookie"], "\n")
		if !strings.Contains(example.at, "/headers/") {
			check(t, stdjson.Unmarshal(a.body, &want))
		}
		if diff := cmp.Diff(want, asJSON(t, example.value)); diff != "" {
			t.Errorf("%s is not what was answered (-answer +example):\n%s", example.at, diff)
		}
		if strings.HasPrefix(example.at, "/paths/") && !strings.Contains(example.at, fmt.Sprintf("/responses/%d/", a.status)) {
			t.Errorf("%s: the answer's status is %d", example.at, a.status)
		}
	}
	if found < 40 {
		t.Errorf("only %d examples found", found)
	}
}

// asJSON returns the value as a JSON decoder would: YAML tells integers apart.
func asJSON(t *testing.T, value any) (decoded any) {
	t.Helper()
	text, err := stdjson.Marshal(value)
	check(t, err)
	check(t, stdjson.Unmarshal(text, &decoded))
	return decoded
}

type example struct {
	node
	name string
}

// examples returns all examples below the node, by name, without following references.
func examples(n node) []example {
	var all []example
	for key, value := range n.fields() {
		below := node{n.at + "/" + strings.ReplaceAll(key, "/", "~1"), value}
		if key != "examples" {
			all = append(all, examples(below)...)
			continue
		}
		for name, shown := range below.fields() {
			fields, _ := shown.(map[string]any)
			all = append(all, example{node{below.at + "/" + name, fields["value"]}, name})
		}
	}
	return all
}

// TestRoutes promises that the stack's routes and the described paths are the same.
func TestRoutes(t *testing.T) {
	t.Parallel()
	template, err := os.ReadFile("../template.yaml")
	check(t, err)
	routes := []string{"/", "/healthz"} // only on the local server
	for _, match := range regexp.MustCompile(`(?m)^ +RouteKey: ANY (/.+)$`).FindAllSubmatch(template, -1) {
		routes = append(routes, string(match[1]))
	}
	var paths []string
	for path := range readDescription(t).paths().fields() {
		if path != anyOther {
			paths = append(paths, path)
		}
	}
	slices.Sort(routes)
	slices.Sort(paths)
	if diff := cmp.Diff(slices.Compact(routes), paths); diff != "" {
		t.Errorf("routes and described paths differ (-route +described):\n%s", diff)
	}
}

// TestRequests promises that the description accepts the bodies that the handlers accept, and that request examples were sent.
func TestRequests(t *testing.T) {
	t.Parallel()
	d, all := readDescription(t), events(t)
	for _, e := range all {
		requestBody := d.get(d.paths(), e.path, "post", "requestBody")
		if e.method != http.MethodPost || requestBody.value == nil || e.status == http.StatusForbidden || refusedBeforeItsBody(e) {
			continue
		}
		if described, taken := d.describes(requestBody, e), e.status != http.StatusBadRequest; described != taken {
			t.Errorf("%s: as described: %t, taken: %t", e.name, described, taken)
		}
	}
	for _, example := range examples(node{value: d.root}) {
		if !strings.Contains(example.at, "/requestBody/") {
			continue
		}
		var sent any
		check(t, stdjson.Unmarshal(all[example.name].requestBody, &sent))
		if diff := cmp.Diff(sent, example.value); diff != "" {
			t.Errorf("%s is not what was sent (-sent +example):\n%s", example.at, diff)
		}
	}
}

// refusedBeforeItsBody reports whether a 400 has another reason than the body, which may be valid.
func refusedBeforeItsBody(e event) bool {
	return strings.HasSuffix(e.name, "-query-credentials") || strings.HasSuffix(e.name, "refresh-both") ||
		strings.HasSuffix(e.name, "-duplicate-cookie") || strings.Contains(string(e.body), `"rule":`) || strings.HasPrefix(e.name, "totp-confirm-")
}

func (d *description) describes(requestBody node, e event) bool {
	if len(e.requestBody) == 0 {
		return requestBody.fields()["required"] != true
	}
	var value any
	media, _, _ := strings.Cut(e.contentType, ";")
	return media == "application/json" && len(e.requestBody) <= web.MaxBody && json.Unmarshal(e.requestBody, &value) == nil &&
		d.validate(d.get(requestBody, "content", media, "schema"), value) == nil
}

// TestUndescribed promises that the check itself finds differences.
func TestUndescribed(t *testing.T) {
	t.Parallel()
	d, all := readDescription(t), events(t)
	for name, change := range map[string]func(a *answer){
		"a status":           func(a *answer) { a.status = 201 },
		"a method":           func(a *answer) { a.method = "PUT" },
		"a path":             func(a *answer) { a.path += "/more" },
		"a member":           func(a *answer) { a.body = []byte(strings.Replace(string(a.body), "{", `{"resetToken":"x",`, 1)) },
		"a member less":      func(a *answer) { a.body = []byte(strings.Replace(string(a.body), `"groups":[],`, "", 1)) },
		"a null":             func(a *answer) { a.body = []byte(strings.Replace(string(a.body), `"groups":[]`, `"groups":null`, 1)) },
		"no body":            func(a *answer) { a.body = nil },
		"another media type": func(a *answer) { a.header.Set("Content-Type", "text/html") },
		"a header":           func(a *answer) { a.header.Set("X-Powered-By", "Go") },
		"a header less":      func(a *answer) { a.header.Del("Cache-Control") },
		"another value":      func(a *answer) { a.header.Set("Cache-Control", "public") },
		"a cookie for scripts": func(a *answer) {
			a.header["Set-Cookie"][0] = strings.Replace(a.header["Set-Cookie"][0], " HttpOnly;", "", 1)
		},
		"a third cookie":          func(a *answer) { a.header.Add("Set-Cookie", "tracker=1") },
		"the refresh token alone": func(a *answer) { a.header["Set-Cookie"] = a.header["Set-Cookie"][1:] },
	} {
		t.Run(name, func(t *testing.T) {
			a := all["planpoint-success"].answer
			a.header = a.header.Clone()
			if err := d.check(a); err != nil {
				t.Fatal(err)
			}
			change(&a)
			if d.check(a) == nil {
				t.Error("passed for described")
			}
		})
	}
}
