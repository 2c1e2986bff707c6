package queue_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/awscall"
	"latchkey/internal/emulator"
	"latchkey/internal/mail"
	"latchkey/internal/mail/queue"
	"latchkey/internal/mail/ses"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// stack is a queue and SES in moto, with the mail function over a real store.
type stack struct {
	kit      *authtest.Kit
	moto     string
	aws      awscall.Caller
	queue    string // its URL
	function queue.Function
}

func newStack(t *testing.T, users ...auth.User) *stack {
	t.Helper()
	s := &stack{kit: authtest.NewKit(t, users...), moto: emulator.SecretsManager(t)} // moto speaks for all services
	s.aws = awscall.Caller{
		AWS: aws.Config{Region: "us-east-1", Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		})},
		Endpoint: func(string) string { return s.moto },
	}
	s.call(t, awscall.Call{Service: "ses", Method: "POST", Path: "/v2/email/identities", Document: map[string]string{"EmailIdentity": "example.com"}})
	var made struct{ QueueUrl string }
	check(t, json.Unmarshal(s.sqs(t, "CreateQueue", map[string]any{"QueueName": "mail-" + auth.NewID()}), &made))
	s.queue = made.QueueUrl
	page, err := url.Parse("https://app.example.com/reset")
	check(t, err)
	s.function = queue.NewFunction(mail.New(mail.Config{
		Writer: mail.Writer{Service: "Orders", From: "login@example.com", ResetURL: page}, Sender: ses.Sender{Caller: s.aws},
		Users: s.kit.StorePort(), Tokens: s.kit.Service(auth.Rules{}), Audit: s.kit.Log.Sink(), Log: s.kit.Log.Logger(), Now: s.kit.Clock.Now,
	}))
	return s
}

func (s *stack) call(t *testing.T, c awscall.Call) []byte {
	t.Helper()
	_, answer, err := s.aws.Do(t.Context(), c)
	if err != nil && !strings.Contains(err.Error(), "AlreadyExists") {
		t.Fatal(err)
	}
	return answer
}

func (s *stack) sqs(t *testing.T, operation string, document any) []byte {
	t.Helper()
	return s.call(t, awscall.Call{Service: "sqs", Method: "POST", Path: "/", Target: "AmazonSQS." + operation, Document: document})
}

// receive returns the messages of the queue as Lambda gives them to the function.
func (s *stack) receive(t *testing.T) (e queue.Event) {
	t.Helper()
	var got struct {
		Messages []struct{ MessageId, Body string }
	}
	check(t, json.Unmarshal(s.sqs(t, "ReceiveMessage", map[string]any{"QueueUrl": s.queue, "MaxNumberOfMessages": 10}), &got))
	for _, m := range got.Messages {
		e.Records = append(e.Records, queue.Record{ID: m.MessageId, Body: m.Body})
	}
	return e
}

// sent is how many mails to the address SES took.
func (s *stack) sent(t *testing.T, address string) int {
	t.Helper()
	r, err := http.Get(s.moto + "/moto-api/data.json")
	check(t, err)
	defer r.Body.Close()
	raw, err := io.ReadAll(r.Body)
	check(t, err)
	var data struct {
		SES struct{ RawMessage []map[string]any }
	}
	check(t, json.Unmarshal(raw, &data))
	count := 0
	for _, m := range data.SES.RawMessage {
		if text, _ := m["raw_data"].(string); strings.Contains(text, address) {
			count++
		}
	}
	return count
}

// TestThroughAWS promises that what the outbox puts into SQS is what the function takes from it and sends by SES.
func TestThroughAWS(t *testing.T) {
	s := newStack(t, authtest.NewUser("ada"), authtest.NewUser("jürgen"))
	outbox := queue.NewOutbox(s.aws, s.queue)
	for _, m := range []auth.Message{
		{Kind: auth.MessageReset, UserID: "ada"}, {Kind: auth.MessagePasswordChanged, UserID: "ada"},
		{Kind: auth.MessageReset, Drop: true}, {Kind: auth.MessagePasswordChanged, UserID: "jürgen"},
	} {
		check(t, outbox.Send(t.Context(), m))
	}
	before := s.sent(t, "ada@example.com")
	answer, err := s.function.Handle(t.Context(), s.receive(t))
	check(t, err)
	if len(answer.Failures) != 0 || s.sent(t, "ada@example.com")-before != 2 {
		t.Errorf("failures %v, %d mails", answer.Failures, s.sent(t, "ada@example.com")-before)
	}
	if !strings.Contains(s.kit.Log.String(), `"reason":"address"`) {
		t.Error("a mail to an address that SES does not take was not dropped with a record")
	}
}

// TestForged promises that a message which the outbox did not write is refused, and stops none of its batch.
func TestForged(t *testing.T) {
	s := newStack(t, authtest.NewUser("ada"))
	e := queue.Event{Records: []queue.Record{{ID: "good", Body: `{"kind":"password_changed","user":"ada","drop":false}`}}}
	var want []queue.Failure
	for _, body := range []string{
		"", "x", "[]", "{}", "null", `{"kind":"transfer","user":"ada","drop":false}`, `{"kind":"reset","user":"","drop":false}`,
		`{"kind":"reset","user":"ada","drop":false,"to":"eve@example.net"}`, `{"kind":"reset","user":"ada","drop":false} {}`,
	} {
		e.Records = append(e.Records, queue.Record{ID: body, Body: body})
		want = append(want, queue.Failure{ID: body})
	}
	before := s.sent(t, "ada@example.com")
	answer, err := s.function.Handle(t.Context(), e)
	check(t, err)
	if !slices.Equal(answer.Failures, want) || s.sent(t, "ada@example.com")-before != 1 {
		t.Errorf("failures %q", answer.Failures)
	}
	if _, err := s.function.Handle(t.Context(), queue.Event{}); err == nil {
		t.Error("an event of another service is taken")
	}
}

// TestOutage promises that messages stay in the queue while SES cannot be reached or the time is up, and that an outbox without SQS
// says that it is our fault.
func TestOutage(t *testing.T) {
	s := newStack(t, authtest.NewUser("ada"))
	e := queue.Event{Records: []queue.Record{{ID: "1", Body: `{"kind":"password_changed","user":"ada","drop":false}`}}}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if answer, err := s.function.Handle(ctx, e); err != nil || len(answer.Failures) != 1 {
		t.Errorf("without time: %v %v", answer, err)
	}
	s.moto = "http://127.0.0.1:1"
	if answer, err := s.function.Handle(t.Context(), e); err != nil || len(answer.Failures) != 1 {
		t.Errorf("without SES: %v %v", answer, err)
	}
	if err := queue.NewOutbox(s.aws, s.queue).Send(t.Context(), auth.Message{}); err == nil || !strings.Contains(err.Error(), auth.ErrUnavailable.Error()) {
		t.Errorf("without SQS: %v", err)
	}
}

// TestSlow promises that a function whose mails nobody takes answers within its time, so that the mails it has sent are not sent again;
// and that a queue which is silent, or loses an answer, costs the caller a few seconds and no mail.
func TestSlow(t *testing.T) {
	s := newStack(t, authtest.NewUser("ada"), authtest.NewUser("jürgen"))
	silent := make(chan struct{})
	var calls atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n := calls.Add(1); n == 1 {
			io.WriteString(w, `{"MessageId":"1"}`)
			return
		}
		select {
		case <-silent:
		case <-r.Context().Done():
		}
	}))
	defer server.Close()
	defer close(silent)
	s.moto = server.URL
	var e queue.Event
	for _, id := range []string{"sent", "slow", "late"} {
		e.Records = append(e.Records, queue.Record{ID: id, Body: `{"kind":"password_changed","user":"ada","drop":false}`})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	answer, err := s.function.Handle(ctx, e)
	if err != nil || !slices.Equal(answer.Failures, []queue.Failure{{ID: "slow"}, {ID: "late"}}) || ctx.Err() != nil {
		t.Errorf("failures %v, %v, %v", answer.Failures, err, ctx.Err())
	}
	began := time.Now()
	err = queue.NewOutbox(s.aws, s.queue).Send(t.Context(), auth.Message{})
	if !errors.Is(err, auth.ErrUnavailable) || time.Since(began) > 6*time.Second {
		t.Errorf("a silent queue: %v after %v", err, time.Since(began))
	}
}

// TestLostAnswer promises that a message is put again when the answer to it is lost, and that a refusal is our fault.
func TestLostAnswer(t *testing.T) {
	s := newStack(t)
	var calls atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if n := calls.Add(1); n == 1 {
			panic(http.ErrAbortHandler)
		}
		if calls.Load() > 2 {
			w.WriteHeader(http.StatusForbidden)
		}
		io.WriteString(w, `{}`)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	defer server.Close()
	s.moto = server.URL
	outbox := queue.NewOutbox(s.aws, s.queue)
	if err := outbox.Send(t.Context(), auth.Message{}); err != nil || calls.Load() != 2 {
		t.Errorf("%v after %d calls", err, calls.Load())
	}
	if err := outbox.Send(t.Context(), auth.Message{}); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("refused: %v", err)
	}
}
