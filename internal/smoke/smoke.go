// Package smoke tries new versions of the functions before they get traffic, and reports to CodeDeploy: a version that
// cannot answer is never deployed. It signs in nobody; its one sign-in names a user that cannot exist and is refused.
package smoke

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/awscall"
)

// Versions are the ARNs of the function versions to try, each ending with its number.
type Versions struct{ Login, Session, Account, Keys, Authorizer string }

// Config is what New needs. Endpoint returns another base URL for a service (lambda, codedeploy), or "" for AWS's own.
type Config struct {
	Versions Versions
	AWS      aws.Config
	Endpoint func(service string) string
	Log      *slog.Logger
}

// Smoke is the hook that CodeDeploy calls before a new version gets traffic: it tries the version and reports the
// result.
type Smoke struct {
	config Config
	calls  caller
}

// New returns the hook; nothing is called before its first event.
func New(c Config) *Smoke { return &Smoke{c, caller{awscall.Caller{AWS: c.AWS, Endpoint: c.Endpoint}}} }

// Event is what CodeDeploy sends to a hook of a Lambda deployment.
type Event struct {
	DeploymentID string `json:"DeploymentId"`
	ExecutionID  string `json:"LifecycleEventHookExecutionId"`
}

// Handle tries every version and reports Succeeded or Failed. It returns an error only where the report did not arrive;
// CodeDeploy then fails the deployment by its own time limit.
func (s *Smoke) Handle(ctx context.Context, e Event) error {
	status, failed := "Succeeded", s.try(ctx)
	if failed != nil {
		status = "Failed"
		s.config.Log.ErrorContext(ctx, "a new version failed its trial", "deployment", e.DeploymentID, "error", failed.Error())
	} else {
		s.config.Log.InfoContext(ctx, "the new versions passed their trial", "deployment", e.DeploymentID)
	}
	report := map[string]string{"deploymentId": e.DeploymentID, "lifecycleEventHookExecutionId": e.ExecutionID, "status": status}
	if err := s.calls.report(ctx, report); err != nil {
		return fmt.Errorf("report %s to CodeDeploy: %w", status, err)
	}
	return nil
}

// try runs every trial and joins what failed, so that one log line names all of it.
func (s *Smoke) try(ctx context.Context) error {
	v := s.config.Versions
	return errors.Join(
		s.signIn(ctx, v.Login),
		s.trial(ctx, v.Session, request("GET", "/api/users/me", ""), wantStatus(401)),
		s.trial(ctx, v.Account, request("GET", "/api/users/factors", ""), wantStatus(401)),
		s.trial(ctx, v.Keys, request("GET", "/.well-known/jwks.json", ""), wantMember("keys")),
		s.trial(ctx, v.Keys, request("GET", "/.well-known/openid-configuration", ""), wantMember("jwks_uri")),
		s.trial(ctx, v.Authorizer, authorization(), wantRefusal),
	)
}

// signIn tries both contracts, of which one may be switched off and then answers 404.
func (s *Smoke) signIn(ctx context.Context, version string) error {
	const body = `{"username":"smoke@latchkey.invalid","email":"smoke@latchkey.invalid","password":"not a password of anybody"}`
	planpoint := s.trial(ctx, version, request("POST", "/api/users/login", body), wantStatus(401))
	organization := s.trial(ctx, version, request("POST", "/users/login", body), wantUnsuccessful)
	if planpoint == nil || organization == nil {
		return errors.Join(unlessOff(planpoint), unlessOff(organization))
	}
	return errors.Join(planpoint, organization)
}

// errOff is the answer of a contract that is switched off.
var errOff = errors.New("status 404")

func unlessOff(err error) error {
	if errors.Is(err, errOff) {
		return nil
	}
	return err
}

// trial sends the event to a version and checks its answer.
func (s *Smoke) trial(ctx context.Context, version string, event any, check func([]byte) error) error {
	answer, err := s.calls.invoke(ctx, version, event)
	if err == nil {
		err = check(answer)
	}
	if err != nil {
		return fmt.Errorf("try %s: %w", version, err)
	}
	return nil
}

// answer is the part of a Lambda proxy answer that the checks read.
type answer struct {
	StatusCode int    `json:"statusCode"`
	Body       string `json:"body"`
}

func parse(raw []byte, want int) (map[string]any, error) {
	var a answer
	if err := json.Unmarshal(raw, &a); err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if a.StatusCode == 404 && want != 404 {
		return nil, errOff
	}
	var body map[string]any
	if err := json.Unmarshal([]byte(a.Body), &body); err != nil || a.StatusCode != want {
		return nil, fmt.Errorf("status %d, want %d with a JSON object", a.StatusCode, want)
	}
	return body, nil
}

func wantStatus(status int) func([]byte) error {
	return func(raw []byte) error {
		_, err := parse(raw, status)
		return err
	}
}

func wantMember(name string) func([]byte) error {
	return func(raw []byte) error {
		body, err := parse(raw, 200)
		if err == nil && body[name] == nil {
			err = fmt.Errorf("the answer has no member %q", name)
		}
		return err
	}
}

func wantUnsuccessful(raw []byte) error {
	body, err := parse(raw, 200)
	if err == nil && body["isSuccess"] != false {
		err = errors.New("a sign-in without a password succeeded")
	}
	return err
}

// wantRefusal accepts either answer of an authorizer that refuses.
func wantRefusal(raw []byte) error {
	var a struct {
		IsAuthorized   *bool           `json:"isAuthorized"`
		PolicyDocument json.RawMessage `json:"policyDocument"`
	}
	if err := json.Unmarshal(raw, &a); err != nil {
		return fmt.Errorf("read the authorizer's answer: %w", err)
	}
	refused := a.IsAuthorized != nil && !*a.IsAuthorized || strings.Contains(string(a.PolicyDocument), `"Deny"`)
	if !refused || strings.Contains(string(a.PolicyDocument), `"Allow"`) {
		return errors.New("the authorizer does not refuse a text that is not a token")
	}
	return nil
}
