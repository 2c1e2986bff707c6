package authorizer_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"latchkey/internal/auth"
	"latchkey/internal/authorizer"
	"latchkey/internal/token"
)

// only takes one text for a good token, so that a fuzzer can come by it.
type only string

func (o only) Verify(_ context.Context, raw string) (auth.Claims, error) {
	if raw != string(o) {
		return auth.Claims{}, token.ErrInvalidToken
	}
	return auth.Claims{Subject: "user-1", Roles: []string{"editor"}}, nil
}

// FuzzInvoke promises an answer to any bytes at all: a decision or one of the two errors, and a yes only if a lenient
// reader also finds the valid token, and nothing else, in the credentials.
func FuzzInvoke(f *testing.F) {
	const good = "good"
	for _, event := range []object{
		http2(bearer(good)), http2(nil, "x=1", "planpoint="+good), http1(bearer(good)), restRequest(object{"Cookie": "planpoint=" + good}),
		changed(restRequest(nil), "multiValueHeaders", object{"Authorization": []string{"Bearer " + good}}),
		restToken("Bearer " + good), restToken(nil), http2(object{"authorization": []int{1}}),
	} {
		f.Add(encode(f, event), false)
	}
	f.Fuzz(func(t *testing.T, event []byte, simple bool) {
		c := authorizer.Config{
			Tokens: only(good), Revocation: authorizer.Off, Response: authorizer.Policy, Log: slog.New(slog.DiscardHandler),
		}
		if simple {
			c.Response = authorizer.Simple
		}
		answer, err := authorizer.New(c).Invoke(t.Context(), event)
		if err != nil {
			if err != authorizer.ErrUnauthorized || answer != nil {
				t.Fatalf("%q: %s, %v", event, answer, err)
			}
			return
		}
		var decision struct {
			IsAuthorized   bool
			PolicyDocument struct {
				Statement []struct{ Effect, Resource string }
			}
		}
		if err := json.Unmarshal(answer, &decision); err != nil {
			t.Fatal(err)
		}
		allowed := decision.IsAuthorized
		for _, s := range decision.PolicyDocument.Statement {
			allowed = allowed || s.Effect == "Allow"
			if s.Effect == "Allow" && (!strings.HasPrefix(s.Resource, "arn:aws") || strings.Count(s.Resource, "*") != 1) {
				t.Fatalf("%q: allows %s", event, s.Resource)
			}
		}
		if allowed {
			if reason := objection(event, good); reason != "" {
				t.Fatalf("%q is allowed: %s", event, reason)
			}
		}
	})
}

// objection reads the event with encoding/json, which takes more than we do, and looks for the token.
func objection(text []byte, good string) string {
	var e struct {
		Type               string
		AuthorizationToken any
		Headers            map[string]any
		MultiValueHeaders  map[string][]any
		Cookies            []string
	}
	if err := json.Unmarshal(text, &e); err != nil {
		var mistyped *json.UnmarshalTypeError
		if !errors.As(err, &mistyped) {
			return err.Error()
		}
	}
	found := []string{}
	for _, credentials := range []any{e.AuthorizationToken, e.Headers, e.MultiValueHeaders, e.Cookies} {
		text, _ := json.Marshal(credentials)
		found = append(found, string(text))
	}
	switch all := strings.Join(found, ""); {
	case e.Type != "REQUEST" && e.Type != "TOKEN":
		return "its type is " + e.Type
	case !strings.Contains(all, good):
		return "it has no token"
	}
	return ""
}
