package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/quotedprintable"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"latchkey/internal/app/profile"
	"latchkey/internal/auth"
	"latchkey/internal/awscall"
)

// waitingLines are users who wait for an invitation, and some who may not have one.
const waitingLines = `{"id":"u-joan","email":"joan@example.com","status":"pending","activate":true}
{"id":"u-mary","email":"mary@example.com","status":"pending","activate":true,"locale":"de"}
{"id":"u-juergen","email":"jürgen@example.com","status":"pending","activate":true}
{"id":"u-alan","email":"alan@example.com","status":"pending"}
{"id":"u-dora","email":"dora@example.com","status":"disabled"}
`

// newInviting is a laptop with a ring and the users of the lines.
func newInviting(t testing.TB, lines string) *laptop {
	l := newLaptop(t)
	l.ok("", "keys", "init")
	l.ok(lines, "users", "import", "-")
	return l
}

// waitingMails takes the messages out of the outbox and counts them by user.
func (l *laptop) waitingMails() map[string]int {
	l.Helper()
	mails := map[string]int{}
	for {
		q, err := l.store().NextMessage(l.Context(), time.Now())
		if err != nil {
			return mails
		}
		if err := l.store().FinishMessage(l.Context(), q.ID); err != nil || q.Message.Kind != auth.MessageInvite || q.Message.Drop {
			l.Fatalf("%+v: %v", q, err)
		}
		mails[q.Message.UserID]++
	}
}

// TestInvite promises an invitation for each line whose user may have one, a reason with its number for each other line, none for users
// whose invitation is still valid unless --again asks for it, and one audit record for each run.
func TestInvite(t *testing.T) {
	l := newInviting(t, waitingLines)
	l.env["LATCHKEY_AUDIT"] = l.path("audit.jsonl")
	file := l.write("addresses.txt", "\ufeffJoan@Example.com\r\n\n"+
		"nobody@example.com\nalan@example.com\ndora@example.com\nnot an address\n"+
		`{"email":"mary@example.com","status":"pending"}`+"\njoan@example.com\n")
	got := l.fails(exitFailed, "", []string{"users", "invite", file},
		"line 3: there is no user nobody@example.com", "line 4: alan@example.com is pending without activate",
		"line 5: dora@example.com is not pending but disabled", "line 6: email: ", "2 invited, 4 refused, 1 unchanged")
	if strings.Contains(got.err, "line 1:") || strings.Contains(got.err, "line 7:") {
		t.Errorf("a good line is reported:\n%s", got.err)
	}
	if mails := l.waitingMails(); mails["u-joan"] != 1 || mails["u-mary"] != 1 || len(mails) != 2 {
		t.Errorf("mails %v", mails)
	}
	if got := l.run("", "users", "invite", "--all-pending", "--json"); got.code != exitOK || !strings.Contains(got.out, `"invited": 1`) || !strings.Contains(got.out, `"unchanged": 2`) {
		t.Errorf("%+v", got)
	}
	if mails := l.waitingMails(); mails["u-juergen"] != 1 || len(mails) != 1 {
		t.Errorf("mails %v", mails)
	}
	l.ok("joan@example.com\n", "users", "invite", "-", "--again")
	if mails := l.waitingMails(); mails["u-joan"] != 1 || len(mails) != 1 {
		t.Errorf("mails %v", mails)
	}
	for _, want := range []string{
		`"event":"user_invite","outcome":"success","reason":"ok","operator":"`, `"invited":2,"refused":4,"unchanged":1`, `"invited":1,"refused":0,"unchanged":2`,
	} {
		if record := l.read("audit.jsonl"); !strings.Contains(record, want) || strings.Contains(record, "joan@") {
			t.Errorf("want %s in\n%s", want, record)
		}
	}
}

// TestInviteRefuses promises that nothing is sent by a command line that is not understood, or without keys.
func TestInviteRefuses(t *testing.T) {
	l := newInviting(t, waitingLines)
	file := l.write("addresses.txt", "joan@example.com\n")
	l.fails(exitUsage, "", []string{"users", "invite"}, "takes FILE|-|--all-pending")
	l.fails(exitUsage, "", []string{"users", "invite", file, "--all-pending"}, "not both")
	for _, wrong := range []string{"0", "-1", "1001"} {
		l.fails(exitUsage, "", []string{"users", "invite", file, "--per-second", wrong}, "--per-second is 1 to 1000")
	}
	l.fails(exitUsage, "", []string{"users", "invite", file, "--store", "dynamodb:users"}, "--mail sqs:URL")
	l.fails(exitFailed, "", []string{"users", "invite", l.path("nowhere.txt")}, "read the addresses")
	l.fails(exitFailed, "", []string{"users", "invite", file, "--keys", "file:" + l.path("no-keys.json")}, "stopped at line 1", "keys")
	if mails := l.waitingMails(); len(mails) > 0 {
		t.Errorf("mails %v", mails)
	}
}

// TestInviteSlowly promises that no more invitations are sent in a second than asked for, and that those who need none cost no time.
func TestInviteSlowly(t *testing.T) {
	l := newInviting(t, waitingLines)
	began := time.Now()
	l.ok("", "users", "invite", "--all-pending", "--per-second", "4")
	if took := time.Since(began); took < 500*time.Millisecond {
		t.Errorf("three mails at four a second took %v", took)
	}
	began = time.Now()
	l.ok("", "users", "invite", "--all-pending", "--per-second", "1")
	if took := time.Since(began); took > 900*time.Millisecond {
		t.Errorf("three users who have an invitation took %v", took)
	}
}

// linkToken finds the token of a mail's link in the decoded text.
var linkToken = regexp.MustCompile(`#token=([A-Za-z0-9_.-]+)`)

// tokenIn waits for the one mail of the directory that is to the address, and returns the token of its link.
func (l *laptop) tokenIn(dir, address string) string {
	l.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		files, err := filepath.Glob(filepath.Join(dir, "*.eml"))
		if err != nil {
			l.Fatal(err)
		}
		for _, name := range files {
			raw, err := os.ReadFile(name)
			if err != nil {
				l.Fatal(err)
			}
			head, body, _ := strings.Cut(string(raw), "\r\n\r\n")
			text, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(body)))
			if err != nil {
				l.Fatal(err)
			}
			if found := linkToken.FindSubmatch(text); found != nil && strings.Contains(head, "<"+address+">") {
				return string(found[1])
			}
		}
	}
	l.Fatalf("no mail to %s", address)
	return ""
}

// TestInvitedUserGetsReady promises the whole way of an account without a password: it is imported, invited, mailed, and ready with the
// password that its user chooses by the link, which works once. A mail that could not be made is sent by 'mail retry'.
func TestInvitedUserGetsReady(t *testing.T) {
	l := newInviting(t, waitingLines)
	l.env["LATCHKEY_MAIL"], l.env["LATCHKEY_MAIL_FROM"] = "file:"+l.path("mails"), "login@example.com"
	if got := l.ok("", "mail", "retry"); got != "0 mails are sent again\n" {
		t.Errorf("retry: %q", got)
	}
	l.ok("", "users", "invite", "--all-pending")
	s := l.serve("--audit", l.path("audit.jsonl"))
	for deadline := time.Now().Add(30 * time.Second); strings.Count(l.read("audit.jsonl"), `"set_aside"`) < 3; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("without RESET_URL, the mails are not set aside:\n%s", s.log)
		}
	}
	s.end()
	s = l.serve("--reset-url", "https://app.example.com/start")
	if got := l.ok("", "mail", "retry"); got != "3 mails are sent again\n" {
		t.Errorf("retry: %q", got)
	}
	token := l.tokenIn(l.path("mails"), "joan@example.com")
	if got := s.signIn("joan@example.com", secretPassword); got.status != 401 {
		t.Errorf("before: %+v", got)
	}
	confirm := func(chosen string) reply {
		return s.post("/api/users/password/reset/confirm", fmt.Sprintf(`{"token":%q,"newPassword":%q}`, token, chosen))
	}
	if got := confirm("password"); got.status != 400 || got.body["rule"] != "length" {
		t.Errorf("a bad password: %+v", got)
	}
	if got := confirm(secretPassword); got.status != 200 {
		t.Fatalf("confirm: %+v", got)
	}
	if got := confirm(secretPassword + " again"); got.status != 400 || got.body["rule"] != "token" {
		t.Errorf("twice: %+v", got)
	}
	if got := s.signIn("joan@example.com", secretPassword); got.status != 200 {
		t.Errorf("sign-in: %+v\n%s", got, s.log)
	}
	if u := l.user("joan@example.com"); u.Status != auth.StatusReady || u.Activate {
		t.Errorf("%+v", u)
	}
	l.fails(exitFailed, "joan@example.com\n", []string{"users", "invite", "-"}, "line 1: joan@example.com is not pending but ready")
}

// TestMailRetryRefuses promises that mails of a stack are not looked for in its table.
func TestMailRetryRefuses(t *testing.T) {
	l := newAccount(t)
	l.fails(exitUsage, "", []string{"mail", "retry"}, "redrive the stack's dead-letter queue")
	l = newLaptop(t)
	l.fails(exitFailed, "", []string{"mail", "retry"}, "there is no file")
}

// TestInviteInAWS promises the same over DynamoDB and SQS, and that addresses which SES does not take are reported.
func TestInviteInAWS(t *testing.T) {
	l := newAccount(t)
	moto := os.Getenv("AWS_ENDPOINT_URL_SECRETS_MANAGER")
	l.env["AWS_ENDPOINT_URL_SQS"] = moto
	l.ok("", "keys", "init")
	l.ok(waitingLines, "users", "import", "-")
	queue := newQueue(t, moto)
	invite := []string{"users", "invite", "--all-pending", "--mail", "sqs:" + queue.url}
	l.fails(exitFailed, "", append(invite[:3:3], "--mail", "sqs:"+queue.url+"-none"), "stopped after ", "QueueDoesNotExist", "goes on from there")
	l.fails(exitFailed, "", invite, "jürgen@example.com cannot be mailed", "2 invited, 1 refused, 0 unchanged")
	l.fails(exitFailed, "", invite, "0 invited, 1 refused, 2 unchanged")
	l.fails(exitFailed, "", append(invite, "--again"), "2 invited, 1 refused, 0 unchanged")
	mails := map[string]int{}
	for _, body := range queue.receive(t) {
		var m auth.Message
		if err := json.Unmarshal([]byte(body), &m); err != nil || m.Kind != auth.MessageInvite || m.Drop {
			t.Errorf("%s: %v", body, err)
		}
		mails[m.UserID]++
	}
	if mails["u-joan"] != 2 || mails["u-mary"] != 2 || len(mails) != 2 {
		t.Errorf("mails %v", mails)
	}
}

// sqsQueue is a queue in moto.
type sqsQueue struct {
	caller awscall.Caller
	url    string
}

func newQueue(t *testing.T, moto string) sqsQueue {
	t.Helper()
	cfg, err := profile.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	q := sqsQueue{caller: awscall.Caller{AWS: cfg, Endpoint: func(string) string { return moto }}}
	var made struct{ QueueUrl string }
	q.call(t, "CreateQueue", map[string]any{"QueueName": "mail-" + auth.NewID()}, &made)
	q.url = made.QueueUrl
	return q
}

func (q sqsQueue) call(t *testing.T, operation string, document, into any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	_, answer, err := q.caller.Do(ctx, awscall.Call{Service: "sqs", Method: http.MethodPost, Path: "/", Target: "AmazonSQS." + operation, Document: document})
	if err == nil {
		err = json.Unmarshal(answer, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (q sqsQueue) receive(t *testing.T) (bodies []string) {
	t.Helper()
	var got struct{ Messages []struct{ Body string } }
	q.call(t, "ReceiveMessage", map[string]any{"QueueUrl": q.url, "MaxNumberOfMessages": 10}, &got)
	for _, m := range got.Messages {
		bodies = append(bodies, m.Body)
	}
	return bodies
}
