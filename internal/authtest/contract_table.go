package authtest

import (
	"encoding/json"
	"errors"
	"net/http/httptest"
	"testing"

	"latchkey/internal/auth"
	"latchkey/internal/contract"
	"latchkey/internal/web"
)

// SignInRefusals are the errors by which auth refuses a sign-in; a test compares them with its code.
func SignInRefusals() []error {
	return []error{
		auth.ErrBadCredentials, auth.ErrNotReady, auth.ErrWrongRole, auth.ErrUnknownClient, auth.ErrImpersonation, auth.ErrThrottled,
		auth.ErrChallenged, auth.ErrMustEnroll,
	}
}

// table promises an answer to every refusal, none of which is the answer to a fault.
func (ct contractTest) table() {
	failed := ct.failure()
	for _, err := range append(SignInRefusals(), web.ErrBody, web.ErrCrossSite, web.ErrMethod) {
		status, body := ct.answerTo(err)
		if status == 0 {
			ct.Errorf("the table has no answer to %v: its clients get a 500", err)
			continue
		}
		if status >= 500 || body == failed || !isObject(body) {
			ct.Errorf("%v is answered by %d %s, want a refusal in JSON", err, status, body)
		}
	}
	if !isObject(failed) {
		ct.Errorf("the body of a fault is %s, want a JSON object", failed)
	}
	_, throttled := ct.answerTo(auth.ErrThrottled)
	if _, denied := ct.answerTo(auth.ErrBadCredentials); throttled == denied {
		ct.Errorf("a throttled user is told %s, as for a wrong password: they cannot know that waiting helps", throttled)
	}
}

func (ct contractTest) answerTo(err error) (status int, body string) {
	return AnswerTo(ct.T, ct.contract, err)
}

// AnswerTo returns the status and body that the contract's table has for the error; the status is 0 if it has none.
func AnswerTo(t testing.TB, c contract.Contract, err error) (status int, body string) {
	t.Helper()
	table, _ := c.Refusals()
	for _, line := range table {
		if errors.Is(err, line.Err) {
			return line.Status, encoded(t, line.Body)
		}
	}
	return 0, ""
}

func (ct contractTest) failure() string {
	_, failure := ct.contract.Refusals()
	return encoded(ct.T, failure)
}

// encoded returns the value in the JSON of an answer.
func encoded(t testing.TB, v any) string {
	rec := httptest.NewRecorder()
	check(t, web.WriteJSON(rec, 200, v))
	return rec.Body.String()
}

func isObject(body string) bool {
	var object map[string]any
	return json.Unmarshal([]byte(body), &object) == nil && len(object) > 0
}
