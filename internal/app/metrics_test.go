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
	"latchkey/internal/mail"
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
	ports   app.Ports
	outbox  authtest.Outbox
	listed  bool
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
	c.ports = app.Ports{
		Store: c, Passwords: c.kit.Hasher, Outbox: &c.outbox, Listed: func(string) bool { return c.listed },
		Keys: c.kit.Keyring, Tokens: c.kit.Tokens(), Log: app.NewLogger(&c.log, config.LogLevel), Metrics: recorder, Now: c.kit.Clock.Now,
	}
	c.handler = app.ServeHandler(config, c.ports)
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

// TestPasswordMetrics promises counts of changed passwords, of asked and of finished resets, and of sign-ins with a listed password.
func TestPasswordMetrics(t *testing.T) {
	c := newCounter(t, settings{"RESET_URL": "https://app.example.com/reset"})
	c.kit.Log.Keep("a walrus in the attic")
	c.listed = true
	signedIn := c.signIn("username", "ada@example.com", authtest.Password)
	c.listed = false
	if got := c.counted(); len(got) != 1 || got[0]["ListedPassword"] != 1 {
		t.Errorf("a listed password: %v", got)
	}
	var bearer struct {
		Token string `json:"access_token"`
	}
	check(t, json.Unmarshal(signedIn.Body.Bytes(), &bearer))
	change := func(current string) {
		c.send(http.MethodPost, "/api/users/password", `{"currentPassword":"`+current+`","newPassword":"a walrus in the attic"}`, "Authorization", "Bearer "+bearer.Token)
	}
	reset := func(name string) { c.send(http.MethodPost, "/api/users/password/reset", `{"username":"`+name+`"}`) }
	confirm := func(token string) {
		c.send(http.MethodPost, "/users/password/reset/confirm", `{"token":"`+token+`","newPassword":"a walrus in the attic"}`)
	}
	for _, step := range []struct {
		name   string
		do     func()
		metric string
		want   float64
	}{
		{"a wrong password", func() { change("wrong") }, "PasswordChange", 0},
		{"changed", func() { change(authtest.Password) }, "PasswordChange", 1},
		{"asked for", func() { reset("grace@example.com") }, "ResetRequest", 1},
		{"asked for by a stranger", func() { reset("nobody@example.com") }, "ResetRequest", 0},
		{"a wrong token", func() { confirm("a.b") }, "PasswordReset", 0},
		{"reset", func() {
			_, token, err := c.kit.Service(auth.Rules{}).MailToken(t.Context(), authtest.Grace().ID, auth.MessageReset, false)
			check(t, err)
			c.kit.Log.Keep(token)
			confirm(token)
		}, "PasswordReset", 1},
	} {
		step.do()
		got := c.counted()
		if len(got) != 1 {
			t.Fatalf("%s: %d lines", step.name, len(got))
		}
		if value, counted := got[0][step.metric]; value != step.want || !counted {
			t.Errorf("%s: %v", step.name, got[0])
		}
	}
	c.outbox.Fail(auth.ErrUnavailable)
	_, token, err := c.kit.Service(auth.Rules{}).MailToken(t.Context(), authtest.Grace().ID, auth.MessageReset, false)
	check(t, err)
	c.kit.Log.Keep(token, "another walrus entirely")
	c.send(http.MethodPost, "/users/password/reset/confirm", `{"token":"`+token+`","newPassword":"another walrus entirely"}`)
	if got := c.counted(); len(got) != 2 || got[0]["lost Mails"] != 1 || got[1]["PasswordReset"] != 1 {
		t.Errorf("a lost notice: %v", got)
	}
}

// refusing is a sender whose every mail ends with the error.
type refusing struct{ err error }

func (s refusing) Send(context.Context, mail.Mail) error { return s.err }

// TestMailMetrics promises a count for each way in which a mail ends, outside any request.
func TestMailMetrics(t *testing.T) {
	c := newCounter(t, nil)
	config, err := app.ConfigFrom(settings{"MAIL_FROM": "login@example.com", "RESET_URL": "https://app.example.com/reset"}.get)
	check(t, err)
	ada := auth.Message{Kind: auth.MessagePasswordChanged, UserID: authtest.Ada().ID}
	for want, test := range map[string]struct {
		message auth.Message
		sender  refusing
	}{
		"sent Mails":         {ada, refusing{}},
		"dropped Mails":      {auth.Message{Kind: auth.MessageReset, UserID: "nobody"}, refusing{}},
		"address Mails":      {ada, refusing{mail.ErrAddress}},
		"mail_refused Mails": {ada, refusing{mail.ErrRefused}},
		"unavailable Mails":  {ada, refusing{auth.ErrUnavailable}},
	} {
		mailer := app.NewMailer(config, c.ports, test.sender)
		_ = mailer.Deliver(t.Context(), auth.QueuedMessage{ID: "1", Message: test.message, Attempts: 1})
		if diff := cmp.Diff([]map[string]float64{{want: 1}}, c.counted()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", want, diff)
		}
	}
	outbox := mail.NewOutbox(c.kit.Store.(mail.Queue), app.NewMailer(config, c.ports, refusing{mail.ErrRefused}), time.Minute)
	check(t, outbox.Send(t.Context(), ada))
	ctx, stop := context.WithTimeout(t.Context(), time.Second)
	defer stop()
	outbox.Run(ctx)
	if diff := cmp.Diff([]map[string]float64{{"mail_refused Mails": 1}, {"set_aside Mails": 1}}, c.counted()); diff != "" {
		t.Errorf("set aside (-want +got):\n%s", diff)
	}
}
