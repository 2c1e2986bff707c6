package api_test

import (
	stdjson "encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"latchkey/internal/lambdahttp"
	"latchkey/internal/web"
)

// event is one of ../events with its answer, which the tests of internal/app know to be the function's, byte for byte.
type event struct {
	answer
	contentType string
	requestBody []byte
}

// events are those that reach a handler, by their names, which are the names of examples, too.
func events(t *testing.T) map[string]event {
	t.Helper()
	events := map[string]event{}
	for _, function := range []string{"login", "session", "keys"} {
		files, err := filepath.Glob("../events/" + function + "/*.want.json")
		check(t, err)
		for _, file := range files {
			e, reached := readEvent(t, strings.TrimSuffix(file, ".want.json"))
			if !reached {
				continue
			}
			e.name = strings.TrimSuffix(filepath.Base(file), ".want.json")
			if _, twice := events[e.name]; twice {
				e.name = function + "-" + e.name
			}
			events[e.name] = e
		}
	}
	if len(events) < 100 {
		t.Fatalf("only %d events found", len(events))
	}
	return events
}

// readEvent reports whether the event reaches a handler: what is no HTTP request has no place in the description.
func readEvent(t *testing.T, path string) (e event, reached bool) {
	t.Helper()
	sent, err := os.ReadFile(path + ".json")
	check(t, err)
	_, err = lambdahttp.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		reached = true
		e.method, e.path, e.contentType = r.Method, r.URL.EscapedPath(), strings.Join(r.Header.Values("Content-Type"), ", ")
		e.requestBody, err = io.ReadAll(r.Body)
		check(t, err)
	})).Invoke(t.Context(), sent)
	check(t, err)

	var want struct {
		StatusCode        int
		Headers           map[string]string
		MultiValueHeaders map[string][]string
		Cookies           []string
		Body              string
	}
	answered, err := os.ReadFile(path + ".want.json")
	check(t, err)
	check(t, stdjson.Unmarshal(answered, &want))
	e.status, e.body, e.header = want.StatusCode, []byte(want.Body), http.Header(want.MultiValueHeaders)
	if e.header == nil {
		e.header = http.Header{}
	}
	for name, value := range want.Headers {
		e.header.Set(name, value)
	}
	if len(want.Cookies) > 0 {
		e.header["Set-Cookie"] = want.Cookies
	}
	return e, reached
}

// TestAnswers promises that all answers are as described, and that the description has no status that is never given
// and no example that was not given.
func TestAnswers(t *testing.T) {
	t.Parallel()
	d := readDescription(t)
	answers := liveAnswers(t)
	for _, e := range events(t) {
		answers = append(answers, e.answer)
	}
	given, named := map[string]bool{}, map[string]answer{}
	for _, a := range answers {
		if err := d.check(a); err != nil {
			t.Errorf("%s %s %s: %d %s\n%v", a.name, a.method, a.path, a.status, a.body, err)
		}
		given[a.method+" "+d.path(a.path)+" "+strconv.Itoa(a.status)] = true
		if a.status == http.StatusMethodNotAllowed && d.path(a.path) != "" {
			given[d.method(d.path(a.path))+" "+d.path(a.path)+" 405"] = true
		}
		if a.name != "" {
			named[a.name] = a
		}
	}
	for path := range d.paths().fields() {
		for _, method := range d.methods(path) {
			for status := range d.get(d.paths(), path, strings.ToLower(method), "responses").fields() {
				if strings.HasPrefix(path, "/") && !given[method+" "+path+" "+status] {
					t.Errorf("%s %s: %s is described and was never answered", method, path, status)
				}
			}
		}
	}
	d.compareExamples(t, named)
}

// TestRoutes promises that every route of the stack is described, and every path that is described a route of the stack.
func TestRoutes(t *testing.T) {
	t.Parallel()
	template, err := os.ReadFile("../template.yaml")
	check(t, err)
	routes := []string{"/healthz"} // of the local server alone
	for _, match := range regexp.MustCompile(`(?m)^ +RouteKey: ANY (/.+)$`).FindAllSubmatch(template, -1) {
		routes = append(routes, string(match[1]))
	}
	var paths []string
	for path := range readDescription(t).paths().fields() {
		if strings.HasPrefix(path, "/") {
			paths = append(paths, path)
		}
	}
	slices.Sort(routes)
	slices.Sort(paths)
	if diff := cmp.Diff(slices.Compact(routes), paths); diff != "" {
		t.Errorf("routes and described paths differ (-route +described):\n%s", diff)
	}
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
		if diff := cmp.Diff(want, example.value); diff != "" {
			t.Errorf("%s is not what was answered (-answer +example):\n%s", example.at, diff)
		}
		if _, status, _ := strings.Cut(example.at, "/responses/"); strings.HasPrefix(example.at, "/paths/") &&
			!strings.HasPrefix(status, strconv.Itoa(a.status)) {
			t.Errorf("%s: the answer's status is %d", example.at, a.status)
		}
	}
	if found < 40 {
		t.Errorf("only %d examples found", found)
	}
}

type example struct {
	node
	name string
}

// examples are all below the node, by their names, without following references.
func examples(n node) []example {
	var all []example
	for key, value := range n.fields() {
		below := node{n.at + "/" + strings.ReplaceAll(key, "/", "~1"), value}
		if key != "examples" {
			all = append(all, examples(below)...)
			continue
		}
		for name, shown := range below.fields() {
			at := node{below.at + "/" + name, shown}
			all = append(all, example{node{at.at, at.fields()["value"]}, name})
		}
	}
	return all
}

// TestRequests promises that the description lets a body through where the handlers do, and that request examples were sent.
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

// refusedBeforeItsBody reports whether something else than the body, which may be fine, is the reason of a 400.
func refusedBeforeItsBody(e event) bool {
	return strings.HasSuffix(e.name, "-query-credentials") || strings.HasSuffix(e.name, "refresh-both") ||
		strings.HasSuffix(e.name, "-duplicate-cookie")
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

// TestUndescribed promises that the check itself sees what is not as described.
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
