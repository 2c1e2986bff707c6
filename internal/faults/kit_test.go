package faults_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/app"
	"latchkey/internal/audit"
	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/dynamo"
	"latchkey/internal/emulator"
	"latchkey/internal/jwk"
	"latchkey/internal/keyring"
	"latchkey/internal/lambdahttp"
	"latchkey/internal/password"
)

// TestMain runs more tests at once than there are processors, because they mostly wait.
func TestMain(m *testing.M) {
	flag.Parse()
	flag.Set("test.parallel", "40")
	os.Exit(m.Run())
}

// lambdaLimit is the time that the template gives a call of the functions.
const lambdaLimit = 10 * time.Second

// deployment is the login and session functions as Lambda runs them, with their own user and their own proxies to DynamoDB and
// Secrets Manager.
type deployment struct {
	testing.TB
	dynamo, secrets *proxy
	env             map[string]string
	store           *dynamo.Store // the same table, without the proxy
	user            auth.User
	source          string
	log             *lines

	login, session *lambdahttp.Adapter
}

// deploy makes a deployment that has not started yet.
func deploy(t testing.TB) *deployment {
	t.Helper()
	direct := awsConfig(emulator.DynamoDB(t))
	d := &deployment{
		TB: t, dynamo: newProxy(t, emulator.DynamoDB(t)), secrets: newProxy(t, emulator.SecretsManager(t)),
		store: dynamo.New(direct, sharedTable(t)), source: nextSource(), log: &lines{},
	}
	d.env = map[string]string{
		"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
		"AWS_ENDPOINT_URL_DYNAMODB": d.dynamo.url, "AWS_ENDPOINT_URL_SECRETS_MANAGER": d.secrets.url,
		"LATCHKEY_STORE": "dynamodb:" + sharedTable(t), "LATCHKEY_KEYS": "secretsmanager:" + sharedSecret(t),
		"LATCHKEY_ISSUER": "https://login.example.com", "LATCHKEY_PASSWORD_HASH": cheapHash,
	}
	d.secrets.spoil(getSecret, holding(string(keys.document)), always) // moto would be too slow for all tests at once
	d.user = authtest.NewUser("user-" + strings.ToLower(rand.Text()))
	d.user.Accounts = authtest.Grace().Accounts
	d.user.PasswordHash = hashed(t, cheap())
	d.must(d.store.CreateUser(t.Context(), d.user))
	t.Cleanup(func() { d.log.wantNone(t, keys.document, d.user.PasswordHash, d.user.Email, "panic") })
	return d
}

const cheapHash = "argon2id:m=64,t=1,p=1"

func cheap() password.Params { return password.Params{Memory: 64, Time: 1, Threads: 1} }

// start builds the functions as their mains do, and warms them up as Lambda asks for.
func (d *deployment) start() *deployment {
	d.Helper()
	getenv := func(name string) string { return d.env[name] }
	login, log, err := app.Login(d.Context(), getenv, d.log)
	d.must(err)
	d.login = lambdahttp.Wrap(login, lambdahttp.WithLogger(log))
	session, log, err := app.Session(d.Context(), getenv, d.log)
	d.must(err)
	d.session = lambdahttp.Wrap(session, lambdahttp.WithLogger(log))
	return d
}

func (d *deployment) must(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

func awsConfig(endpoint string) aws.Config {
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: &endpoint,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	}
}

var table struct {
	sync.Once
	name string
}

// sharedTable is one table for all tests; each has its own users and sources.
func sharedTable(t testing.TB) string {
	t.Helper()
	table.Do(func() {
		name := "faults-" + rand.Text()
		if err := dynamo.New(awsConfig(emulator.DynamoDB(t)), name).CreateTable(t.Context()); err != nil {
			t.Fatal(err)
		}
		table.name = name
	})
	return table.name
}

var keys struct {
	sync.Once
	secret   string
	document []byte
}

// sharedSecret holds one key ring for all tests that do not change it.
func sharedSecret(t testing.TB) string {
	t.Helper()
	keys.Do(func() { keys.secret, keys.document = newSecret(t) })
	return keys.secret
}

// newSecret makes a secret with a key ring and returns its name and value.
func newSecret(t testing.TB) (name string, document []byte) {
	t.Helper()
	ring, err := keyring.New(jwk.ES256, time.Now())
	if err == nil {
		document, err = ring.Marshal()
	}
	if err == nil {
		name = "latchkey/" + rand.Text()
		err = app.SecretKeys(awsConfig(emulator.SecretsManager(t)), name).Put(t.Context(), nil, document)
	}
	if err != nil {
		t.Fatal(err)
	}
	return name, document
}

var sources atomic.Uint32

func nextSource() string {
	n := sources.Add(1)
	return fmt.Sprintf("10.1.%d.%d", n/250, 1+n%250)
}

func hashed(t testing.TB, p password.Params) string {
	t.Helper()
	hash, err := password.New(p, 0).Hash(t.Context(), authtest.Password)
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

// reply is an answer of a function, as the gateway gets it.
type reply struct {
	status  int
	header  map[string]string
	body    string
	cookies map[string]string
	took    time.Duration
}

// String leaves out the headers that all answers have, and most of a long body.
func (r reply) String() string {
	return fmt.Sprintf("%d after %v, Retry-After %q, %d cookies, %.120s", r.status, r.took, r.header["Retry-After"], len(r.cookies), r.body)
}

// signIn signs the deployment's user in by the planpoint contract.
func (d *deployment) signIn(password string) reply {
	d.Helper()
	return d.post(d.login, "/api/users/login", map[string]string{"username": d.user.Email, "password": password}, nil)
}

// signInToOrganization signs the deployment's user in by the organization contract.
func (d *deployment) signInToOrganization(password string) reply {
	d.Helper()
	return d.post(d.login, "/users/login", map[string]string{"email": d.user.Email, "password": password}, nil)
}

// signedIn signs in and fails the test if that fails.
func (d *deployment) signedIn() reply {
	d.Helper()
	got := d.signIn(authtest.Password)
	if got.status != http.StatusOK {
		d.Fatalf("cannot sign in: %v\n%s", got, d.log)
	}
	return got
}

// signedInToOrganization returns that contract's token as a cookie.
func (d *deployment) signedInToOrganization() reply {
	d.Helper()
	got := d.signInToOrganization(authtest.Password)
	var answer struct{ AccessToken string }
	if err := json.Unmarshal([]byte(got.body), &answer); err != nil || answer.AccessToken == "" {
		d.Fatalf("cannot sign in: %v\n%s", got, d.log)
	}
	got.cookies["planpoint"] = answer.AccessToken
	return got
}

func (d *deployment) refresh(with reply) reply {
	d.Helper()
	return d.post(d.session, "/api/users/refresh", nil, []string{"planpointRefresh=" + with.cookies["planpointRefresh"]})
}

// as calls the session function with the cookies of an earlier answer.
func (d *deployment) as(who reply, method, path string) reply {
	d.Helper()
	return d.invoke(d.Context(), d.session, request2(d.source, method, path, "", []string{
		"planpoint=" + who.cookies["planpoint"], "planpointRefresh=" + who.cookies["planpointRefresh"],
	}))
}

func (d *deployment) post(function *lambdahttp.Adapter, path string, body any, cookies []string) reply {
	d.Helper()
	return d.invoke(d.Context(), function, request2(d.source, http.MethodPost, path, encoded(body), cookies))
}

func encoded(body any) string {
	if body == nil {
		return ""
	}
	text, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// request2 is an event of an HTTP API, payload version 2.0.
func request2(source, method, path, body string, cookies []string) events.APIGatewayV2HTTPRequest {
	e := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: "ANY " + path, RawPath: path, Body: body, Cookies: cookies,
		Headers: map[string]string{"host": "login.example.com", "content-type": "application/json"},
	}
	e.RawPath, e.RawQueryString, _ = strings.Cut(path, "?")
	e.RequestContext.RequestID = rand.Text()
	e.RequestContext.Stage = "$default"
	e.RequestContext.HTTP.Method, e.RequestContext.HTTP.SourceIP = method, source
	return e
}

// invoke calls a function as Lambda does, with the deadline of ctx or else the template's, and fails the test if the answer
// comes after it.
func (d *deployment) invoke(ctx context.Context, function *lambdahttp.Adapter, event events.APIGatewayV2HTTPRequest) reply {
	d.Helper()
	if _, has := ctx.Deadline(); !has {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, lambdaLimit)
		defer cancel()
	}
	began := time.Now()
	answer, err := function.Invoke(ctx, []byte(encoded(event)))
	took := time.Since(began)
	if err != nil || took > lambdaLimit {
		d.Errorf("%s: %v after %v, want an answer before the deadline", event.RawPath, err, took)
	}
	got := decoded(d, answer)
	got.took = took
	return got
}

func decoded(t testing.TB, answer []byte) reply {
	t.Helper()
	var res events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(answer, &res); err != nil {
		t.Fatalf("no answer: %v\n%s", err, answer)
	}
	got := reply{status: res.StatusCode, header: map[string]string{}, body: strings.TrimSpace(res.Body), cookies: map[string]string{}}
	for name, value := range res.Headers {
		got.header[http.CanonicalHeaderKey(name)] = value
	}
	for _, line := range res.Cookies {
		if c, err := http.ParseSetCookie(line); err == nil {
			got.cookies[c.Name] = c.Value
		}
	}
	return got
}

// lines is the log of the functions, one JSON object per line.
type lines struct {
	mu      sync.Mutex
	text    bytes.Buffer
	audited int
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// audit returns event, outcome and reason of each record since the last call.
func (l *lines) audit() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var records []string
	for line := range strings.Lines(l.text.String()[l.audited:]) {
		var record struct{ Message, Event, Outcome, Reason string }
		if json.Unmarshal([]byte(line), &record) == nil && record.Message == audit.Message {
			records = append(records, record.Event+" "+record.Outcome+" "+record.Reason)
		}
	}
	l.audited = l.text.Len()
	return records
}

// wantNone promises that no log line holds a secret of the deployment: its key material, a hash, a password, an address.
func (l *lines) wantNone(t testing.TB, ring []byte, others ...string) {
	var document struct {
		Keys   []map[string]any
		MACKey string
	}
	if err := json.Unmarshal(ring, &document); err != nil {
		t.Fatal(err)
	}
	secrets := append(others, authtest.Password, document.MACKey)
	for _, key := range document.Keys {
		if d, ok := key["d"].(string); ok {
			secrets = append(secrets, d)
		}
	}
	for _, secret := range secrets {
		if secret == "" || strings.Contains(l.String(), secret) {
			t.Errorf("the log holds %q:\n%s", secret, l)
		}
	}
}
