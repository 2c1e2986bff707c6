package dynamo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/dynamo"
)

// TestFailures promises that any answer that is not about the data becomes ErrUnavailable and nothing else, soon and after at
// most three attempts, with a text that names neither a person nor a hash.
func TestFailures(t *testing.T) {
	reset := &net.OpError{Op: "read", Err: syscall.ECONNRESET}
	for _, tc := range []struct {
		name  string
		fault answer
		tries int
	}{
		{"throttled", problem(400, "ProvisionedThroughputExceededException", "slow down"), 3},
		{"account throttled", problem(400, "RequestLimitExceeded", "slow down"), 3},
		{"internal error", problem(500, "InternalServerError", "oops"), 3},
		{"a gateway's page", answer{status: 503, body: []byte("<html>busy</html>")}, 3},
		{"connection reset", answer{err: reset}, 3},
		{"not JSON", answer{status: 200, body: []byte("<html>hello</html>")}, 3},
		{"empty", answer{status: 200}, 3},
		{"white space", answer{status: 200, body: []byte("\r\n")}, 3},
		{"null", answer{status: 200, body: []byte("null")}, 3},
		{"no content", answer{status: 204}, 3},
		{"half an answer", answer{status: 200, body: []byte(`{"Item": {"pk": {"S": "USER#`)}, 3},
		{"access denied", problem(400, "AccessDeniedException", "not authorized"), 1},
		{"no table", problem(400, "ResourceNotFoundException", "no such table"), 1},
		{"invalid", problem(400, "ValidationException", "no such attribute"), 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var done sync.WaitGroup // each waits between its tries
			defer done.Wait()
			for name := range calls(nil) {
				if name == "AllUsers" && strings.HasSuffix(tc.name, "throttled") {
					continue // waits, see TestListingAwaitsCapacity
				}
				done.Go(func() { wantUnavailable(t, name, tc.fault, tc.tries) })
			}
		})
	}
}

// TestForeignObjects promises that an object which is not DynamoDB's is not taken for an unknown user.
func TestForeignObjects(t *testing.T) {
	for _, body := range []string{`{}`, `{"status":"ok"}`, `{"Responses":null}`} {
		s, _ := spoiled(answer{status: 200, body: []byte(body)})
		_, err := s.LookUp(t.Context(), auth.LookupQuery{Identifier: authtest.Ada().Identifier, Attempts: tries()})
		if !errors.Is(err, auth.ErrUnavailable) {
			t.Errorf("%s: %v, want unavailable", body, err)
		}
	}
}

func wantUnavailable(t *testing.T, name string, fault answer, tries int) {
	s, w := spoiled(fault)
	began := time.Now()
	err := calls(s)[name](t.Context())
	if !errors.Is(err, auth.ErrUnavailable) || errors.Is(err, auth.ErrNotFound) || errors.Is(err, auth.ErrConflict) {
		t.Errorf("%s: %v, want unavailable alone", name, err)
		return
	}
	if got := len(w.take()); got != tries {
		t.Errorf("%s: %d tries, want %d", name, got, tries)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("%s: took %v", name, took)
	}
	wantSilent(t, err)
}

// spoiled returns a store that gets the same answer to everything.
func spoiled(a answer) (*dynamo.Store, *wire) {
	cfg, w := config("http://127.0.0.1:1"), &wire{}
	w.spoil = func(string, int, func([]byte) answer, []byte) answer { return a }
	cfg.HTTPClient = w
	return dynamo.New(cfg, "table"), w
}

func wantSilent(t *testing.T, err error) {
	t.Helper()
	for _, secret := range []string{"example.com", "$old", "$new", newClient().KeyHash, newSession("").Nonce} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error says %q: %v", secret, err)
		}
	}
}

// TestTryAgain promises that a failure that passes is not seen by the caller.
func TestTryAgain(t *testing.T) {
	for name, fault := range map[string]answer{
		"throttled": problem(400, "ProvisionedThroughputExceededException", "slow down"),
		"reset":     {err: &net.OpError{Op: "read", Err: syscall.ECONNRESET}},
		"conflict":  problem(400, "TransactionConflictException", "a transaction is ongoing for the item"),
		"canceled":  canceled("None", "TransactionConflict"),
		"part":      canceled("ThrottlingError", "None"),
	} {
		t.Run(name, func(t *testing.T) {
			s, w := open(t)
			w.spoil = func(_ string, n int, send func([]byte) answer, body []byte) answer {
				if n < 2 {
					return fault
				}
				return send(body)
			}
			must(t, s.CreateUser(t.Context(), authtest.Ada()))
			if got := len(w.take()); got != 3 {
				t.Errorf("%d tries, want 3", got)
			}
			must(t, s.ReplaceHash(t.Context(), "ada", "", "new"))
		})
	}
}

// TestTransactionsMeet promises that a transaction which others keep in the way of ends as unavailable, and
// that one whose condition failed is not tried again.
func TestTransactionsMeet(t *testing.T) {
	for _, tc := range []struct {
		fault answer
		tries int
		want  error
	}{
		{canceled("TransactionConflict", "None"), 3, auth.ErrUnavailable},
		{canceled("ProvisionedThroughputExceeded", "None"), 3, auth.ErrUnavailable},
		{canceled("ValidationError", "None"), 1, auth.ErrUnavailable},
		{canceled("TransactionConflict", "ConditionalCheckFailed"), 1, auth.ErrConflict},
	} {
		s, w := spoiled(tc.fault)
		if err := s.CreateUser(t.Context(), authtest.Ada()); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", tc.fault.body, err, tc.want)
		}
		if got := len(w.take()); got != tc.tries {
			t.Errorf("%s: %d tries, want %d", tc.fault.body, got, tc.tries)
		}
	}
}

// canceled is how DynamoDB cancels a transaction; a condition that failed shows the item that it met.
func canceled(codes ...string) answer {
	type reason struct {
		Code string
		Item map[string]any `json:",omitempty"`
	}
	var reasons []reason
	for _, code := range codes {
		r := reason{Code: code}
		if code == "ConditionalCheckFailed" {
			r.Item = map[string]any{"pk": map[string]string{"S": "LOGIN#ada@example.com"}}
		}
		reasons = append(reasons, r)
	}
	body, _ := json.Marshal(map[string]any{
		"__type":  "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
		"message": "Transaction cancelled", "CancellationReasons": reasons,
	})
	return answer{status: 400, body: body}
}

// TestLostAnswers promises that a write whose answer was lost, and which the SDK sends again, is not taken for
// a conflict with itself.
func TestLostAnswers(t *testing.T) {
	s, w := open(t)
	lose := func(op string) {
		lost := false
		w.spoil = func(got string, _ int, send func([]byte) answer, body []byte) answer {
			a := send(body)
			if got == op && !lost && a.status == 200 {
				lost = true
				return answer{err: &net.OpError{Op: "read", Err: syscall.ECONNRESET}}
			}
			return a
		}
	}
	ada, session := authtest.Ada(), newSession("ada")
	lose("TransactWriteItems")
	must(t, s.CreateUser(t.Context(), ada))
	ada.Version, ada.Role, ada.Identifier = 1, "admin", authtest.Identifier("countess@example.com")
	lose("TransactWriteItems")
	must(t, s.UpdateUser(t.Context(), ada))
	lose("TransactWriteItems")
	must(t, s.CreateClient(t.Context(), newClient()))
	lose("PutItem")
	must(t, s.PutSession(t.Context(), session))
	if err := s.PutSession(t.Context(), session); !errors.Is(err, auth.ErrConflict) {
		t.Errorf("the same session once more: %v, want a conflict", err)
	}
	session.Generation = 2
	lose("UpdateItem")
	must(t, s.RotateSession(t.Context(), session, 1))
	if err := s.RotateSession(t.Context(), session, 1); !errors.Is(err, auth.ErrConflict) {
		t.Errorf("the same rotation once more: %v, want a conflict", err)
	}
	for n := range int64(3) {
		must(t, s.CountAttempt(t.Context(), tries(), pair(n), pair(n+1), 5))
	}
	lose("UpdateItem")
	must(t, s.UndoAttempt(t.Context(), tries(), pair(3), pair(2)))
	lose("UpdateItem")
	must(t, s.UndoAttempt(t.Context(), tries(), pair(1), pair(0))) // others have tried since
	if got := counters(t, s).Pair.Failures; got != 1 {
		t.Errorf("%d failures are left of three, two of which were taken back", got)
	}
	lose("UpdateItem")
	must(t, s.DisableClient(t.Context(), newClient().KeyHash))
	lose("UpdateItem")
	if err := s.ReplaceHash(t.Context(), "ada", "", "new"); !errors.Is(err, auth.ErrConflict) {
		t.Errorf("ReplaceHash: %v, want a conflict", err)
	}
	ada.Version, ada.PasswordHash = 3, "new" // once each
	got, err := s.UserByIdentifier(t.Context(), ada.Identifier)
	must(t, err)
	if d := cmp.Diff(ada, got, cmpopts.EquateEmpty(), cmpopts.EquateComparable(auth.Identifier{})); d != "" {
		t.Errorf("the user differs (-want +got):\n%s", d)
	}
}

// TestUnprocessed promises that what DynamoDB leaves out of a batch is asked for again.
func TestUnprocessed(t *testing.T) {
	s, w := open(t)
	client, ada := newClient(), authtest.Ada()
	must(t, s.CreateClient(t.Context(), client))
	must(t, s.CreateUser(t.Context(), ada))
	for i := range 30 {
		session := newSession("ada")
		session.ID += string(rune('a' + i))
		must(t, s.PutSession(t.Context(), session))
	}
	w.take()
	w.spoil = leaveOut
	got, err := s.LookUp(t.Context(), auth.LookupQuery{Identifier: ada.Identifier, KeyHash: client.KeyHash})
	must(t, err)
	if d := cmp.Diff(auth.LookupResult{UserID: "ada", Client: client}, got); d != "" {
		t.Errorf("LookUp (-want +got):\n%s", d)
	}
	if calls := w.take(); len(calls) != 2 {
		t.Errorf("LookUp: %q, want two calls", calls)
	}
	must(t, s.EndSessions(t.Context(), "ada", ""))
	if calls := w.take(); len(calls) != 1+2+2 {
		t.Errorf("EndSessions of 30: %q, want a query, and two batches twice each", calls)
	}
	must(t, s.EndSessions(t.Context(), "ada", ""))
	if calls := w.take(); len(calls) != 1 {
		t.Errorf("EndSessions once more: %q, want one query that finds nothing", calls)
	}
}

// TestNothingProcessed promises that a batch of which nothing is done ends as unavailable: a read after three tries, deletes
// when their time is over.
func TestNothingProcessed(t *testing.T) {
	s, w := open(t)
	must(t, s.PutSession(t.Context(), newSession("ada")))
	w.take()
	w.spoil = func(op string, _ int, send func([]byte) answer, body []byte) answer {
		if strings.HasPrefix(op, "Batch") {
			return unprocessed(op, body)
		}
		return send(body)
	}
	if _, err := s.LookUp(t.Context(), auth.LookupQuery{Identifier: authtest.Ada().Identifier, KeyHash: newClient().KeyHash}); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("LookUp: %v, want unavailable", err)
	}
	if calls := w.take(); len(calls) != 3 {
		t.Errorf("LookUp: %q, want three tries", calls)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := s.EndSessions(ctx, "ada", ""); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("EndSessions: %v, want unavailable", err)
	}
	if calls := w.take(); len(calls) < 1+4 {
		t.Errorf("EndSessions: %q, want a query and more than three tries", calls)
	}
}

// unprocessed answers that nothing of the batch was done.
func unprocessed(op string, request []byte) answer {
	var batch struct{ RequestItems json.RawMessage }
	if err := json.Unmarshal(request, &batch); err != nil {
		return answer{err: err}
	}
	name := map[string]string{"BatchGetItem": "UnprocessedKeys", "BatchWriteItem": "UnprocessedItems"}[op]
	body, err := json.Marshal(map[string]json.RawMessage{"Responses": []byte("{}"), name: batch.RequestItems})
	return answer{status: 200, body: body, err: err}
}

// leaveOut lets DynamoDB Local do all of a batch but its last element, which it reports as unprocessed.
func leaveOut(op string, _ int, send func([]byte) answer, body []byte) answer {
	type keys struct {
		Keys           []json.RawMessage
		ConsistentRead bool
	}
	switch op {
	case "BatchGetItem":
		return split(send, body, "UnprocessedKeys",
			func(k keys) int { return len(k.Keys) },
			func(k keys, from, to int) keys { k.Keys = k.Keys[from:to]; return k })
	case "BatchWriteItem":
		return split(send, body, "UnprocessedItems",
			func(l []json.RawMessage) int { return len(l) },
			func(l []json.RawMessage, from, to int) []json.RawMessage { return l[from:to] })
	}
	return send(body)
}

func split[T any](send func([]byte) answer, body []byte, name string, size func(T) int, cut func(t T, from, to int) T) answer {
	var request struct{ RequestItems map[string]T }
	if err := json.Unmarshal(body, &request); err != nil {
		return answer{err: err}
	}
	rest := map[string]T{}
	for table, part := range request.RequestItems {
		n := size(part)
		if n == 1 {
			return send(body)
		}
		request.RequestItems[table], rest[table] = cut(part, 0, n-1), cut(part, n-1, n)
	}
	first, err := json.Marshal(request)
	if err != nil {
		return answer{err: err}
	}
	left, err := json.Marshal(rest)
	a := send(first)
	if err != nil || a.err != nil || a.status != 200 {
		return a
	}
	was := []byte(`"` + name + `":{}`)
	if !bytes.Contains(a.body, was) {
		return answer{err: errors.New("DynamoDB Local itself left something out")}
	}
	a.body = bytes.Replace(a.body, was, append([]byte(`"`+name+`":`), left...), 1)
	return a
}
