package authorizer

import (
	"strings"

	"github.com/go-json-experiment/json"

	"latchkey/internal/auth"
	"latchkey/internal/token"
)

// Response is what an HTTP API expects as the answer to payload 2.0.
type Response string

// The two responses. An authorizer of an API is set up for one of them; see EnableSimpleResponses.
const (
	Simple Response = "simple" // {isAuthorized, context}
	Policy Response = "policy" // an IAM policy, as payload 1.0 and REST APIs have it
)

type simpleAnswer struct {
	IsAuthorized bool    `json:"isAuthorized"`
	Context      *caller `json:"context,omitempty"`
}

type policyAnswer struct {
	PrincipalID string  `json:"principalId"`
	Policy      policy  `json:"policyDocument"`
	Context     *caller `json:"context,omitempty"`
}

type policy struct {
	Version   string      `json:"Version"`
	Statement []statement `json:"Statement"`
}

type statement struct {
	Action   string `json:"Action"`
	Effect   string `json:"Effect"`
	Resource string `json:"Resource"`
}

// allow names every method of the stage: the gateway keeps the answer and uses it for whatever the token calls next.
func (r request) allow(response Response, c auth.Claims) ([]byte, error) {
	if r.kind == http2 && response == Simple {
		return encode(simpleAnswer{IsAuthorized: true, Context: callerOf(c)})
	}
	return encode(policyAnswer{PrincipalID: c.Subject, Policy: policyOf("Allow", r.stage), Context: callerOf(c)})
}

// deny says no in the words of whoever asks. A REST API's 401 is an error; HTTP APIs know 403 alone.
func (r request) deny(response Response) ([]byte, error) {
	switch {
	case r.kind == rest:
		return nil, ErrUnauthorized
	case response == Simple && r.kind != http1:
		return encode(simpleAnswer{})
	}
	return encode(policyAnswer{PrincipalID: "nobody", Policy: policyOf("Deny", "*")})
}

func policyOf(effect, resource string) policy {
	return policy{"2012-10-17", []statement{{"execute-api:Invoke", effect, resource}}}
}

// caller is what the API's own code learns: text alone, for REST APIs pass on nothing nested. What a token does not
// have is left out.
type caller struct {
	Subject   string `json:"sub"`
	SessionID string `json:"sid,omitempty"`
	Roles     string `json:"roles"`
	Scope     string `json:"scope"`
	Org       string `json:"org,omitempty"`
	Actor     string `json:"act,omitempty"`
}

func callerOf(c auth.Claims) *caller {
	return &caller{
		Subject: c.Subject, SessionID: c.SessionID, Roles: joined(c.Roles), Scope: token.Scope, Org: c.Org, Actor: c.Actor,
	}
}

// joined separates roles by commas. One that has a comma itself is left out: split again, it would be two others.
func joined(roles []string) string {
	var plain []string
	for _, role := range roles {
		if !strings.Contains(role, ",") {
			plain = append(plain, role)
		}
	}
	return strings.Join(plain, ",")
}

// encode does not fail, for claims are text that was JSON before.
func encode(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, ErrFailed
	}
	return text, nil
}
