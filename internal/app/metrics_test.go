package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/metrics"
)

const namespace = "Latchkey/test"

// emfSchema is CloudWatch's specification of the embedded metric format, as far as a schema can express it.
const emfSchema = `{"type": "object", "required": ["_aws"], "properties": {"_aws": {
	"type": "object", "additionalProperties": false, "required": ["Timestamp", "CloudWatchMetrics"], "properties": {
	"Timestamp": {"type": "integer", "minimum": 0},
	"CloudWatchMetrics": {"type": "array", "minItems": 1, "items": {
		"type": "object", "additionalProperties": false, "required": ["Namespace", "Dimensions", "Metrics"], "properties": {
		"Namespace": {"type": "string", "minLength": 1, "maxLength": 1024},
		"Dimensions": {"type": "array", "minItems": 1, "items": {
			"type": "array", "maxItems": 30, "items": {"type": "string", "minLength": 1, "maxLength": 250}}},
		"Metrics": {"type": "array", "minItems": 1, "maxItems": 100, "items": {
			"type": "object", "additionalProperties": false, "required": ["Name"], "properties": {
			"Name": {"type": "string", "minLength": 1, "maxLength": 1024},
			"Unit": {"enum": ["Count", "Milliseconds", "None"]}}}}}}}}}}}`

// counter is a deployment with metrics, over a kit.
type counter struct {
	*testing.T
	auth.Store
	kit     *authtest.Kit
	handler http.Handler
	out     bytes.Buffer
	log     bytes.Buffer
	broken  bool // the store
}

// LookUp fails if the store is broken.
func (c *counter) LookUp(ctx context.Context, q auth.LookupQuery) (auth.LookupResult, error) {
	if c.broken {
		return auth.LookupResult{}, auth.ErrUnavailable
	}
	return c.Store.LookUp(ctx, q)
}

func newCounter(t *testing.T, settings settings) *counter {
	t.Helper()
	kit := authtest.NewKit(t, authtest.Ada(), authtest.Grace())
	c := &counter{T: t, Store: kit.StorePort(), kit: kit}
	config, err := app.ConfigFrom(settings.get)
	check(t, err)
	recorder := metrics.New(&c.out, namespace, c.kit.Keyring.SignsSince, c.kit.Clock.Now)
	c.handler = app.ServeHandler(config, app.Ports{
		Store: c, Passwords: c.kit.Hasher,
		Keys: c.kit.Keyring, Tokens: c.kit.Tokens(), Log: app.NewLogger(&c.log, config.LogLevel), Metrics: recorder, Now: c.kit.Clock.Now,
	})
	return c
}

func (c *counter) send(method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://localhost"+path, strings.NewReader(body))
	r.RemoteAddr = home
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer := httptest.NewRecorder()
	c.handler.ServeHTTP(answer, r)
	return answer
}

func (c *counter) signIn(member, email, password string) *httptest.ResponseRecorder {
	path := map[string]string{"username": planpointLogin, "email": organizationLogin}[member]
	return c.send(http.MethodPost, path, `{"`+member+`":"`+email+`","password":"`+password+`"}`)
}

// hangUp sends a right password and disconnects before anything is read.
func (c *counter) hangUp() {
	ctx, cancel := context.WithCancel(c.Context())
	cancel()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "http://localhost"+planpointLogin,
		strings.NewReader(`{"username":"ada@example.com","password":"`+authtest.Password+`"}`))
	r.Header.Set("Content-Type", "application/json")
	c.handler.ServeHTTP(httptest.NewRecorder(), r)
}

// counted returns the metrics since the last call, each named after the values of its dimensions, and checks every line
// against the specification.
func (c *counter) counted() []map[string]float64 {
	c.Helper()
	var all []map[string]float64
	for line := range strings.Lines(c.out.String()) {
		all = append(all, c.metricsOf(line))
	}
	c.out.Reset()
	return all
}

func (c *counter) metricsOf(line string) map[string]float64 {
	c.Helper()
	instance, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
	if err == nil {
		err = schemaOf(c.T, emfSchema).Validate(instance)
	}
	if err != nil || len(line) > 900 {
		c.Fatalf("%d bytes, %v:\n%s", len(line), err, line)
	}
	var root map[string]json.RawMessage
	check(c.T, json.Unmarshal([]byte(line), &root))
	var head struct {
		Timestamp         int64
		CloudWatchMetrics []struct {
			Namespace  string
			Dimensions [][]string
			Metrics    []struct{ Name string }
		}
	}
	check(c.T, json.Unmarshal(root["_aws"], &head))
	if head.Timestamp != c.kit.Clock.Now().UnixMilli() {
		c.Errorf("timestamp %d", head.Timestamp)
	}
	found := map[string]float64{}
	for _, directive := range head.CloudWatchMetrics {
		if directive.Namespace != namespace {
			c.Errorf("namespace %q", directive.Namespace)
		}
		for _, dimensions := range directive.Dimensions {
			var under []string
			for _, name := range dimensions {
				var value string
				check(c.T, json.Unmarshal(root[name], &value)) // a member at the root, and a string
				under = append(under, value)
			}
			for _, m := range directive.Metrics {
				var value float64
				check(c.T, json.Unmarshal(root[m.Name], &value)) // the same, and a number
				found[strings.Join(append(under, m.Name), " ")] = value
			}
		}
	}
	return found
}

func schemaOf(t *testing.T, text string) *jsonschema.Schema {
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	check(t, err)
	compiler := jsonschema.NewCompiler()
	check(t, compiler.AddResource("emf.json", document))
	schema, err := compiler.Compile("emf.json")
	check(t, err)
	return schema
}

// TestMetrics promises the metrics of docs/metrics.md for each kind of request, in CloudWatch's format, at any log level.
func TestMetrics(t *testing.T) {
	c := newCounter(t, settings{"THROTTLE_FREE": "1", "LOG_LEVEL": "error"})
	c.kit.Clock.Advance(36 * time.Hour) // the key's age
	var renewal string
	for _, step := range []struct {
		what   string
		do     func()
		want   map[string]float64
		hashed bool
	}{
		{"right", func() {
			for _, cookie := range c.signIn("username", "ada@example.com", authtest.Password).Result().Cookies() {
				renewal = cookie.Name + "=" + cookie.Value // the refresh token's comes last
			}
		}, map[string]float64{"planpoint success Attempts": 1, "none SignIns": 1, "Throttled": 0, "UnknownUser": 0, "ListedPassword": 0, "ColdStarts": 1}, true},
		{"wrong", func() { c.signIn("email", "grace@example.com", "wrong") },
			map[string]float64{"organization refused Attempts": 1, "Throttled": 0, "UnknownUser": 0, "ListedPassword": 0, "ColdStarts": 0}, true},
		{"too soon", func() { c.signIn("email", "grace@example.com", authtest.Password) },
			map[string]float64{"organization refused Attempts": 1, "Throttled": 1, "UnknownUser": 0, "ListedPassword": 0, "ColdStarts": 0}, false},
		{"unknown", func() { c.signIn("username", "nobody@example.com", "wrong") },
			map[string]float64{"planpoint refused Attempts": 1, "Throttled": 0, "UnknownUser": 1, "ListedPassword": 0, "ColdStarts": 0}, true},
		{"refreshed", func() { c.send(http.MethodPost, "/api/users/refresh", "", "Cookie", renewal) },
			map[string]float64{"session success Attempts": 1, "ColdStarts": 0}, false},
		{"our own fault", func() {
			c.broken = true
			c.signIn("username", "ada@example.com", authtest.Password)
		}, map[string]float64{"planpoint failed Attempts": 1, "Throttled": 0, "UnknownUser": 0, "ListedPassword": 0, "ColdStarts": 0}, false},
		{"gone", func() { c.broken = false; c.hangUp() },
			map[string]float64{"planpoint canceled Attempts": 1, "Throttled": 0, "UnknownUser": 0, "ListedPassword": 0, "ColdStarts": 0}, false},
		{"as somebody else", func() {
			c.send(http.MethodPost, planpointLogin,
				`{"username":"ada@example.com","password":"`+authtest.Password+`","impersonate":"grace@example.com"}`)
		}, map[string]float64{"planpoint refused Attempts": 1, "Throttled": 0, "UnknownUser": 0, "ListedPassword": 0, "ColdStarts": 0}, true},
	} {
		step.do()
		all := c.counted()
		if len(all) != 1 {
			t.Fatalf("%s: %d lines, want one", step.what, len(all))
		}
		got := all[0]
		if step.hashed && got["StoreMilliseconds"] <= 0 || (got["HashMilliseconds"] > 0) != step.hashed {
			t.Errorf("%s: the store took %v ms, the hash %v", step.what, got["StoreMilliseconds"], got["HashMilliseconds"])
		}
		delete(got, "StoreMilliseconds")
		delete(got, "HashMilliseconds")
		step.want["KeyAgeDays"] = 1.5
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.what, diff)
		}
	}
	for line := range strings.Lines(c.log.String()) {
		if !strings.Contains(line, `"level":"ERROR"`) {
			t.Errorf("logged, though LOG_LEVEL is error: %s", line)
		}
	}
}

// TestWhatIsNotCounted promises no line, which costs money, for requests that are not attempts.
func TestWhatIsNotCounted(t *testing.T) {
	c := newCounter(t, nil)
	c.send(http.MethodGet, "/healthz", "")
	c.send(http.MethodGet, planpointLogin, "")
	c.send(http.MethodPost, planpointLogin, "{")
	if got := c.counted(); len(got) != 0 {
		t.Errorf("counted %v", got)
	}
}

// TestSignInsByFactor promises a count for each kind of second factor.
func TestSignInsByFactor(t *testing.T) {
	for want, record := range map[string]auth.AuditRecord{
		"none": {AMR: "pwd"}, "totp": {AMR: "pwd,otp,mfa"}, "recovery": {AMR: "pwd,mfa", DeviceID: "remembered by it"},
		"passkey": {AMR: "hwk,user,mfa"}, "device": {AMR: "pwd", DeviceID: "d1"}, "": {},
	} {
		var out bytes.Buffer
		recorder := metrics.New(&out, namespace, func(context.Context) (time.Time, error) { return time.Time{}, auth.ErrUnavailable }, time.Now)
		handler := recorder.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			record.Outcome = auth.OutcomeSuccess
			check(t, recorder.Record(r.Context(), record))
		}))
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, planpointLogin, nil))
		var line struct{ Factor string }
		check(t, json.Unmarshal(out.Bytes(), &line))
		if line.Factor != want || strings.Contains(out.String(), "SignIns") != (want != "") {
			t.Errorf("%+v is counted as\n%s", record, &out)
		}
	}
}
