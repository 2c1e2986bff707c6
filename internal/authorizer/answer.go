package authorizer

import (
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"latchkey/internal/auth"
	"latchkey/internal/token"
)

// Response is the format of the answer to payload 2.0 that an HTTP API expects.
type Response string

// The two formats. Each authorizer of an API is configured for one of them; see EnableSimpleResponses.
const (
	Simple Response = "simple" // {isAuthorized, context}
	Policy Response = "policy" // an IAM policy, the format of payload 1.0 and REST APIs
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

// allow covers every method of the stage, because the gateway caches the answer and uses it for the token's next calls.
func (r request) allow(response Response, c auth.Claims) ([]byte, error) {
	if r.kind == http2 && response == Simple {
		return encode(simpleAnswer{IsAuthorized: true, Context: callerOf(c)})
	}
	return encode(policyAnswer{PrincipalID: c.Subject, Policy: policyOf("Allow", r.stage), Context: callerOf(c)})
}

// deny answers in the format of the API. A REST API answers 401 for an error; HTTP APIs can only answer 403.
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

// caller is the context that the API's own code receives. It has only text, because REST APIs pass on nothing nested. Absent
// claims are omitted.
type caller struct {
	Subject   string `json:"sub"`
	SessionID string `json:"sid,omitempty"`
	Roles     string `json:"roles"`
	Scope     string `json:"scope"`
	Org       string `json:"org,omitempty"`
	Actor     string `json:"act,omitempty"`
	AMR       string `json:"amr,omitempty"`
	AuthTime  string `json:"auth_time,omitempty"` // Unix seconds
}

func callerOf(c auth.Claims) *caller {
	who := &caller{
		Subject: c.Subject, SessionID: c.SessionID, Roles: joined(c.Roles), Scope: token.Scope, Org: c.Org, Actor: c.Actor,
		AMR: joined(c.AMR),
	}
	if !c.AuthTime.IsZero() {
		who.AuthTime = strconv.FormatInt(c.AuthTime.Unix(), 10)
	}
	return who
}

// joined separates roles or methods by commas. It omits one that contains a comma, which would become two when split.
func joined(roles []string) string {
	var plain []string
	for _, role := range roles {
		if !strings.Contains(role, ",") {
			plain = append(plain, role)
		}
	}
	return strings.Join(plain, ",")
}

// encode does not fail in practice, because claims are text that was JSON before.
func encode(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, ErrFailed
	}
	return text, nil
}
