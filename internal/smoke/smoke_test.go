package smoke_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"latchkey/internal/smoke"
)

// good are the answers of versions that work, by function and path.
func good() map[string]string {
	return map[string]string{
		"login /api/users/login":                 `{"statusCode":401,"body":"{\"message\":\"no\"}"}`,
		"login /users/login":                     `{"statusCode":200,"body":"{\"isSuccess\":false}"}`,
		"session /api/users/me":                  `{"statusCode":401,"body":"{\"message\":\"Not signed in\"}"}`,
		"account /api/users/factors":             `{"statusCode":401,"body":"{\"message\":\"Not signed in\"}"}`,
		"keys /.well-known/jwks.json":            `{"statusCode":200,"body":"{\"keys\":[]}"}`,
		"keys /.well-known/openid-configuration": `{"statusCode":200,"body":"{\"jwks_uri\":\"https://x\"}"}`,
		"authorizer /smoke":                      `{"isAuthorized":false}`,
	}
}

// TestSmoke promises that CodeDeploy hears Succeeded only where each version answers as it should.
func TestSmoke(t *testing.T) {
	const off = `{"statusCode":404,"body":"{\"message\":\"Not Found\"}"}`
	const broken = `{"statusCode":500,"body":"{\"message\":\"Internal server error\"}"}`
	for _, tc := range []struct {
		name   string
		change map[string]string
		want   string
	}{
		{"all good", nil, "Succeeded"},
		{"planpoint off", map[string]string{"login /api/users/login": off}, "Succeeded"},
		{"organization off", map[string]string{"login /users/login": off}, "Succeeded"},
		{"policy", map[string]string{"authorizer /smoke": `{"policyDocument":{"Statement":[{"Effect":"Deny"}]}}`}, "Succeeded"},
		{"both off", map[string]string{"login /api/users/login": off, "login /users/login": off}, "Failed"},
		{"login broken", map[string]string{"login /api/users/login": broken, "login /users/login": broken}, "Failed"},
		{"one login broken", map[string]string{"login /users/login": broken}, "Failed"},
		{"a sign-in succeeds", map[string]string{"login /users/login": `{"statusCode":200,"body":"{\"isSuccess\":true}"}`}, "Failed"},
		{"session broken", map[string]string{"session /api/users/me": broken}, "Failed"},
		{"session lost", map[string]string{"session /api/users/me": off}, "Failed"},
		{"account broken", map[string]string{"account /api/users/factors": broken}, "Failed"},
		{"no keys", map[string]string{"keys /.well-known/jwks.json": broken}, "Failed"},
		{"keys are not JSON", map[string]string{"keys /.well-known/jwks.json": `{"statusCode":200,"body":"<html>"}`}, "Failed"},
		{"no discovery", map[string]string{"keys /.well-known/openid-configuration": `{"statusCode":200,"body":"{}"}`}, "Failed"},
		{"authorizer allows", map[string]string{"authorizer /smoke": `{"isAuthorized":true}`}, "Failed"},
		{"authorizer says nothing", map[string]string{"authorizer /smoke": `{}`}, "Failed"},
		{"a function crashes", map[string]string{"session /api/users/me": ""}, "Failed"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			answers := good()
			for call, answer := range tc.change {
				answers[call] = answer
			}
			report := deploy(t, answers)
			if diff := cmp.Diff(map[string]string{"deploymentId": "d-1", "lifecycleEventHookExecutionId": "e-1", "status": tc.want}, report); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func signAs() aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "id", SecretAccessKey: "secret"}, nil
	})
}

// deploy runs the hook against the answers and returns what CodeDeploy hears.
func deploy(t *testing.T, answers map[string]string) (report map[string]string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if !strings.Contains(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=id/") {
			t.Errorf("an unsigned call of %s", r.URL)
		}
		if r.Header.Get("X-Amz-Target") == "CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus" {
			json.Unmarshal(body, &report)
			return
		}
		var event struct{ RawPath string }
		json.Unmarshal(body, &event)
		function, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/2015-03-31/functions/"), "/")
		if r.URL.Query().Get("Qualifier") != "7" {
			t.Errorf("calls %s, not the new version", r.URL)
		}
		answer := answers[function+" "+event.RawPath]
		if answer == "" {
			w.Header().Set("X-Amz-Function-Error", "Unhandled")
			answer = `{"errorType":"Runtime.ExitError"}`
		}
		io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	version := func(name string) string { return "arn:aws:lambda:eu-central-1:123456789012:function:" + name + ":7" }
	hook := smoke.New(smoke.Config{
		Versions: smoke.Versions{Login: version("login"), Session: version("session"), Account: version("account"), Keys: version("keys"), Authorizer: version("authorizer")},
		AWS:      aws.Config{Region: "eu-central-1", Credentials: signAs()},
		Endpoint: func(string) string { return server.URL }, Log: slog.New(slog.DiscardHandler),
	})
	if err := hook.Handle(t.Context(), smoke.Event{DeploymentID: "d-1", ExecutionID: "e-1"}); err != nil {
		t.Error(err)
	}
	return report
}

// TestSmokeUnreported promises an error where CodeDeploy cannot be told, or a version is not named.
func TestSmokeUnreported(t *testing.T) {
	hook := smoke.New(smoke.Config{
		AWS:      aws.Config{Region: "eu-central-1", Credentials: signAs()},
		Endpoint: func(string) string { return "http://127.0.0.1:1" }, Log: slog.New(slog.DiscardHandler),
	})
	if err := hook.Handle(t.Context(), smoke.Event{}); err == nil || !strings.Contains(err.Error(), "report Failed") {
		t.Errorf("got %v", err)
	}
}
