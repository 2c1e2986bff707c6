package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"latchkey/internal/auth"
	"latchkey/internal/dynamo"
	"latchkey/internal/emulator"
	"latchkey/internal/jwk"
	"latchkey/internal/keyring"
	"latchkey/internal/password"
)

// TestMain lets tests run the real binary: themselves, told to be it.
func TestMain(m *testing.M) {
	if os.Getenv("LATCHKEY_TEST_BE_THE_BINARY") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// lambdaRuntime is Lambda's side of the runtime API: one function, one event at a time.
type lambdaRuntime struct {
	testing.TB
	url     string
	polled  chan struct{} // gets one for each time that the function asks for an event
	events  chan []byte
	answers chan []byte
}

func newRuntime(t testing.TB) *lambdaRuntime {
	r := &lambdaRuntime{TB: t, polled: make(chan struct{}, 1), events: make(chan []byte), answers: make(chan []byte, 1)}
	routes := http.NewServeMux()
	routes.HandleFunc("GET /2018-06-01/runtime/invocation/next", func(w http.ResponseWriter, request *http.Request) {
		r.polled <- struct{}{}
		select {
		case event := <-r.events:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(10*time.Second).UnixMilli(), 10))
			w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:login")
			w.Write(event)
		case <-request.Context().Done():
		}
	})
	routes.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", func(w http.ResponseWriter, request *http.Request) {
		answer, _ := io.ReadAll(request.Body)
		w.WriteHeader(http.StatusAccepted)
		r.answers <- answer
	})
	routes.HandleFunc("POST /2018-06-01/runtime/", func(_ http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		t.Errorf("the function reports at %s: %s", request.URL.Path, body)
	})
	server := httptest.NewServer(routes)
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

type answer struct {
	StatusCode int
	Headers    map[string]string
	Cookies    []string
	Body       string
}

// invoke sends an event to the function, which has to have asked for it, and returns its answer.
func (r *lambdaRuntime) invoke(event []byte) answer {
	r.Helper()
	r.events <- event
	var a answer
	raw := await(r, r.answers)
	if err := json.Unmarshal(raw, &a); err != nil {
		r.Fatalf("%v: %s", err, raw)
	}
	await(r, r.polled)
	return a
}

func await[T any](t testing.TB, from <-chan T) (got T) {
	t.Helper()
	select {
	case got = <-from:
	case <-time.After(20 * time.Second):
		t.Fatal("the function does not go on")
	}
	return got
}

// account is a table and a secret with a ring in emulators, and a user.
type account struct{ name, dynamoDB, secretsManager string }

func newAccount(t *testing.T) account {
	t.Helper()
	a := account{"login-" + rand.Text(), emulator.DynamoDB(t), emulator.SecretsManager(t)}
	at := func(endpoint string) aws.Config {
		return aws.Config{Region: "us-east-1", BaseEndpoint: &endpoint, RetryMaxAttempts: 9, Credentials: aws.CredentialsProviderFunc(
			func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
			})}
	}
	store := dynamo.New(at(a.dynamoDB), a.name)
	must(t, store.CreateTable(t.Context()))
	ring, err := keyring.New(jwk.ES256, time.Now())
	must(t, err)
	document, err := ring.Marshal()
	must(t, err)
	_, err = secretsmanager.NewFromConfig(at(a.secretsManager)).CreateSecret(t.Context(),
		&secretsmanager.CreateSecretInput{Name: &a.name, SecretString: aws.String(string(document))})
	must(t, err)
	hash, err := password.New(password.Params{Memory: 8, Time: 1, Threads: 1}, 0).Hash(t.Context(), "correct horse battery staple")
	must(t, err)
	id, err := auth.ParseIdentifier("ada@example.com")
	must(t, err)
	must(t, store.CreateUser(t.Context(), auth.NewUser(auth.User{
		ID: "u-ada", Email: "ada@example.com", Identifier: id, PasswordHash: hash, Status: auth.StatusReady,
	}, time.Now())))
	return a
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// start runs the function as Lambda does, with what template.yaml sets, and returns when it asks for its first event.
func (a account) start(r *lambdaRuntime) {
	r.Helper()
	var output bytes.Buffer
	cmd := exec.CommandContext(r.Context(), os.Args[0])
	cmd.Env = []string{
		"LATCHKEY_TEST_BE_THE_BINARY=1", "AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(r.url, "http://"),
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand", "AWS_LAMBDA_FUNCTION_NAME=login",
		"AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_SESSION_TOKEN=test",
		"AWS_ENDPOINT_URL_DYNAMODB=" + a.dynamoDB, "AWS_ENDPOINT_URL_SECRETS_MANAGER=" + a.secretsManager,
		"LATCHKEY_STORE=dynamodb:" + a.name, "LATCHKEY_KEYS=secretsmanager:" + a.name, "LATCHKEY_ISSUER=https://login.example.com",
	}
	cmd.Stdout, cmd.Stderr = &output, &output
	must(r, cmd.Start())
	r.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if r.Failed() {
			r.Logf("the function's log:\n%s", output.String())
		}
	})
	await(r, r.polled)
}

func event(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile("../../events/login/" + name + ".json")
	must(t, err)
	return raw
}

// TestLogin promises that the binary, run as Lambda runs it over DynamoDB and Secrets Manager, answers event after event,
// odd ones too.
func TestLogin(t *testing.T) {
	r := newRuntime(t)
	newAccount(t).start(r)
	for range 2 {
		got := r.invoke(event(t, "planpoint-success"))
		if got.StatusCode != 200 || len(got.Cookies) != 2 || !strings.Contains(got.Body, `"message":"Login successful"`) {
			t.Errorf("%+v", got)
		}
		if got := r.invoke(event(t, "planpoint-wrong-password")); got.StatusCode != 401 || len(got.Cookies) > 0 {
			t.Errorf("%+v", got)
		}
		if got := r.invoke(event(t, "foreign-s3-event")); got.StatusCode != 400 {
			t.Errorf("%+v", got)
		}
	}
}

// TestLoginWrongSettings promises that a function that is set up wrongly does not start, and that its log names all
// that is wrong.
func TestLoginWrongSettings(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = []string{
		"LATCHKEY_TEST_BE_THE_BINARY=1", "AWS_LAMBDA_RUNTIME_API=127.0.0.1:1",
		"LATCHKEY_STORE=sqlite:users.db", "LATCHKEY_KEYS=file:keys.json", "LATCHKEY_ISSUER=login.example.com", "LATCHKEY_SESSION_IDLE=7d",
	}
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("%v", err)
	}
	var line struct{ Timestamp, Level, Message, Version string }
	if err := json.Unmarshal(out, &line); err != nil || line.Level != "ERROR" || line.Version == "" || line.Timestamp == "" {
		t.Errorf("want one JSON line at ERROR, got %v: %s", err, out)
	}
	for _, want := range []string{"cannot start", "LATCHKEY_STORE: ", "LATCHKEY_KEYS: ", "LATCHKEY_ISSUER: ", "LATCHKEY_SESSION_IDLE: "} {
		if !strings.Contains(string(out), want) {
			t.Errorf("want %q, got %s", want, out)
		}
	}
	if left, _ := os.ReadDir(cmd.Dir); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

// TestLoginWithoutAWS promises that a function starts while neither service answers, says so by the contract's 500,
// and signs in once they do.
func TestLoginWithoutAWS(t *testing.T) {
	a := newAccount(t)
	answerDynamoDB := silent(t, &a.dynamoDB)
	answerSecrets := silent(t, &a.secretsManager)
	r := newRuntime(t)
	began := time.Now()
	a.start(r)
	if took := time.Since(began); took > 3*time.Second { // 1 s of them for the connections; a try of a call is 2 s
		t.Errorf("the first event could come after %s", took)
	}
	got := r.invoke(event(t, "planpoint-success"))
	if got.StatusCode != 500 || strings.TrimSpace(got.Body) != `{"message":"Internal server error"}` ||
		got.Headers["Retry-After"] == "" || len(got.Cookies) > 0 {
		t.Errorf("%+v", got)
	}
	answerDynamoDB()
	answerSecrets()
	time.Sleep(1100 * time.Millisecond) // a source that failed is asked once a second
	if got := r.invoke(event(t, "planpoint-success")); got.StatusCode != 200 {
		t.Errorf("%+v", got)
	}
}

// silent puts before the endpoint one that takes connections and says nothing, until the function it returns is called.
func silent(t *testing.T, endpoint *string) (answer func()) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { listener.Close() })
	target, err := url.Parse(*endpoint)
	must(t, err)
	*endpoint = "http://" + listener.Addr().String()
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ErrorLog = log.New(io.Discard, "", 0) // of the calls that were given up
	return func() { go http.Serve(listener, proxy) }
}
