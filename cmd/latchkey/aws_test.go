package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"latchkey/internal/app/profile"
	"latchkey/internal/dynamo"
	"latchkey/internal/emulator"
)

// newAccount is a laptop whose users and keys are in AWS, as the template makes table and secret: here in emulators.
func newAccount(t *testing.T) *laptop {
	t.Helper()
	l := newLaptop(t)
	dynamoDB, secretsManager := emulator.DynamoDB(t), emulator.SecretsManager(t) // they must not inherit what follows
	for variable, value := range map[string]string{
		"AWS_ENDPOINT_URL_DYNAMODB": dynamoDB, "AWS_ENDPOINT_URL_SECRETS_MANAGER": secretsManager,
		"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_SESSION_TOKEN": "",
		"AWS_PROFILE": "", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(variable, value)
	}
	name := "cli-" + rand.Text()
	l.env["LATCHKEY_STORE"], l.env["LATCHKEY_KEYS"] = "dynamodb:"+name, "secretsmanager:"+name
	cfg, err := profile.Load(t.Context())
	if err == nil {
		err = dynamo.New(cfg, name).CreateTable(t.Context())
	}
	if err == nil {
		_, err = secretsmanager.NewFromConfig(cfg).CreateSecret(t.Context(),
			&secretsmanager.CreateSecretInput{Name: &name, SecretString: aws.String("{}")})
	}
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestInAWS promises that the commands do the same over DynamoDB and Secrets Manager as over files, from an empty
// secret to a sign-in.
func TestInAWS(t *testing.T) {
	l := newAccount(t)
	l.fails(exitFailed, "", []string{"serve", "--addr", "127.0.0.1:0"}, "holds no key ring yet", "latchkey keys init --keys "+l.env["LATCHKEY_KEYS"])
	ring := l.ok("", "keys", "init")
	l.fails(exitFailed, "", []string{"keys", "init", "--algorithm", "HS256"}, "holds a key ring already")
	if list := l.ok("", "keys", "list"); list != ring || !strings.Contains(list, "ES256") {
		t.Errorf("made\n%slisted\n%s", ring, list)
	}

	l.ok(secretPassword+"\n", "users", "add", "ada@example.com", "--password-stdin", "--role", "editor")
	l.fails(exitFailed, secretPassword+"\n", []string{"users", "add", "Ada@example.com", "--password-stdin"}, "already exists")
	l.fails(exitFailed, `{"email":"joan@example.com","status":"pending"}
{"email":"ada@example.com","status":"disabled"}`, []string{"users", "import", "-"}, "line 2: ada@example.com already exists", "1 added")
	var shown struct{ ID, Email, Role, PasswordHash string }
	if err := json.Unmarshal([]byte(l.ok("", "users", "show", "ada@example.com")), &shown); err != nil || shown.Role != "editor" || shown.PasswordHash != "argon2id" {
		t.Errorf("%+v, %v", shown, err)
	}
	if list := l.ok("", "users", "list"); !strings.Contains(list, shown.ID) || !strings.Contains(list, "joan@example.com") {
		t.Errorf("list\n%s", list)
	}

	key := strings.TrimSpace(l.ok("", "clients", "add", "--name", "zapier", "--kind", "integration"))
	s := l.serve()
	if got := s.signIn("ada@example.com", secretPassword, "Authorization", key); got.status != 200 {
		t.Fatalf("%+v\n%s", got, s.log)
	}
	clients := l.ok("", "clients", "list")
	l.ok("", "clients", "disable", strings.Fields(clients)[5])
	if got := s.signIn("ada@example.com", secretPassword, "Authorization", key); got.status != 401 {
		t.Errorf("a disabled key: %+v", got)
	}
	cookie := refreshCookie(t, s.signIn("ada@example.com", secretPassword))
	l.ok("a new password\n", "users", "set-password", shown.ID, "--password-stdin")
	if got := s.post("/api/users/refresh", "{}", "Cookie", cookie); got.status != 401 {
		t.Errorf("a session of before: %+v", got)
	}
	l.ok("", "users", "disable", shown.ID)
	l.ok("", "users", "enable", "ada@example.com")
	if got := s.signIn("ada@example.com", "a new password"); got.status != 200 {
		t.Errorf("%+v\n%s", got, s.log)
	}
}

// TestAWSErrors promises errors that name what is missing, before a password is asked for.
func TestAWSErrors(t *testing.T) {
	l := newAccount(t)
	l.env["LATCHKEY_STORE"] = "dynamodb:no-such-table"
	l.fails(exitFailed, "", []string{"users", "list"}, "dynamodb:no-such-table", "ResourceNotFoundException")
	l.fails(exitFailed, "", []string{"users", "add", "ada@example.com"}, "no-such-table")
	l.fails(exitFailed, `{"email":"a@example.com","status":"pending"}`, []string{"users", "import", "-"}, "no-such-table", "stopped at line 1")
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	l.fails(exitFailed, "", []string{"users", "list"}, "aws sts get-caller-identity")
	t.Setenv("AWS_REGION", "")
	l.fails(exitFailed, "", []string{"users", "list"}, "AWS_REGION")
	l.fails(exitFailed, "", []string{"keys", "list"}, "AWS_REGION")
}

// TestImportInAWS promises that an import into DynamoDB that is interrupted goes on, and that an export comes back.
func TestImportInAWS(t *testing.T) {
	const users = 600
	l := newAccount(t)
	ctx, interrupt := context.WithCancel(t.Context())
	time.AfterFunc(300*time.Millisecond, interrupt)
	var out, log output
	run(ctx, l.cli(crowdLines(users), &out, &log), []string{"users", "import", "-"})
	got := l.fails(exitFailed, crowdLines(users), []string{"users", "import", "-"}, "6 refused")
	var added, updated, refused, unchanged int
	fmt.Sscanf(got.err[strings.LastIndex(strings.TrimSpace(got.err), "\n")+1:], "%d added, %d updated, %d refused, %d unchanged", &added, &updated, &refused, &unchanged)
	if added+unchanged != users {
		t.Errorf("%s\nand then\n%s", &log, got.err)
	}
	exported := l.ok("", "users", "export", "-")
	if n := count(t, strings.NewReader(exported)); n != users {
		t.Errorf("%d users", n)
	}
	if got := l.run(exported, "users", "import", "-", "--update"); got.err != fmt.Sprintf("0 added, 0 updated, 0 refused, %d unchanged\n", users) {
		t.Errorf("%+v", got)
	}
	changed := strings.ReplaceAll(exported, `"Viewer"`, `"Owner"`)
	if got := l.run(changed, "users", "import", "-", "--update"); !strings.HasSuffix(got.err, fmt.Sprintf("0 added, %d updated, 0 refused, 0 unchanged\n", users)) {
		t.Errorf("%+v", got)
	}
	l.ok("", "users", "delete", "u7@example.com", "--yes")
	l.fails(exitFailed, "", []string{"users", "show", "u7"}, "there is no user u7")
	t.Logf("%d were there when it went on", unchanged)
}
