package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/internal/doctor"
)

// recordedAWS answers as the references of AWS's APIs say, for a stack that is healthy until a test changes an answer. make
// rehearse asks for the same of a stack that is made from the template.
type recordedAWS struct {
	testing.TB
	url     string
	answers map[string]string // by operation, or by path
	refused map[string]bool   // operations without the right
	code    []byte            // archive of the sign-in function
}

const stackResources = `<ListStackResourcesResponse><ListStackResourcesResult><StackResourceSummaries>
<member><LogicalResourceId>LoginFunction</LogicalResourceId><PhysicalResourceId>login</PhysicalResourceId><ResourceType>AWS::Lambda::Function</ResourceType><ResourceStatus>CREATE_COMPLETE</ResourceStatus></member>
<member><LogicalResourceId>LoginFunctionAliaslive</LogicalResourceId><PhysicalResourceId>arn:login:live</PhysicalResourceId><ResourceType>AWS::Lambda::Alias</ResourceType><ResourceStatus>CREATE_COMPLETE</ResourceStatus></member>
<member><LogicalResourceId>Api</LogicalResourceId><PhysicalResourceId>api1</PhysicalResourceId><ResourceType>AWS::ApiGatewayV2::Api</ResourceType><ResourceStatus>CREATE_COMPLETE</ResourceStatus></member>
<member><LogicalResourceId>SlowLogins</LogicalResourceId><PhysicalResourceId>stack-SlowLogins</PhysicalResourceId><ResourceType>AWS::CloudWatch::Alarm</ResourceType><ResourceStatus>CREATE_COMPLETE</ResourceStatus></member>
</StackResourceSummaries></ListStackResourcesResult></ListStackResourcesResponse>`

func (l *laptop) aws(base string) *recordedAWS {
	l.Helper()
	a := &recordedAWS{TB: l.TB, refused: map[string]bool{}, code: []byte("code")}
	server := httptest.NewServer(a)
	l.Cleanup(server.Close)
	a.url = server.URL
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
	} {
		l.env[name] = value
		l.TB.(*testing.T).Setenv(name, value)
	}
	pairs := func(kind string, of ...string) string {
		var text strings.Builder
		for i := 0; i < len(of); i += 2 {
			fmt.Fprintf(&text, "<member><%[1]sKey>%[2]s</%[1]sKey><%[1]sValue>%[3]s</%[1]sValue></member>", kind, of[i], of[i+1])
		}
		return text.String()
	}
	sum := sha256.Sum256(a.code)
	a.answers = map[string]string{
		"DescribeStacks": `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackStatus>UPDATE_COMPLETE</StackStatus><Parameters>` +
			pairs("Parameter", "AlarmTopic", "arn:topic", "RotationDays", "30", "Algorithm", "ES256", "MailFrom", "login@example.com", "LoginRateLimit", "50",
				"LoginBurstLimit", "100", "ThrottlingRateLimit", "50", "ThrottlingBurstLimit", "100", "FrontDoor", "http") +
			`</Parameters><Outputs>` + pairs("Output", "ApiUrl", base, "Issuer", base, "TableName", "users", "SigningKeysArn", "arn:ring") +
			`</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`,
		"ListStackResources": stackResources,
		"DescribeAlarms": `<DescribeAlarmsResponse><DescribeAlarmsResult><MetricAlarms><member><AlarmName>stack-SlowLogins</AlarmName><StateValue>OK</StateValue>` +
			`<ActionsEnabled>true</ActionsEnabled><AlarmActions><member>arn:topic</member></AlarmActions></member></MetricAlarms></DescribeAlarmsResult></DescribeAlarmsResponse>`,
		"GetTopicAttributes": `<GetTopicAttributesResponse><GetTopicAttributesResult><Attributes><entry><key>SubscriptionsConfirmed</key><value>2</value></entry>` +
			`</Attributes></GetTopicAttributesResult></GetTopicAttributesResponse>`,
		"DescribeTable":             `{"Table":{"DeletionProtectionEnabled":true}}`,
		"DescribeTimeToLive":        `{"TimeToLiveDescription":{"AttributeName":"ttl","TimeToLiveStatus":"ENABLED"}}`,
		"DescribeContinuousBackups": `{"ContinuousBackupsDescription":{"PointInTimeRecoveryDescription":{"PointInTimeRecoveryStatus":"ENABLED"}}}`,
		"DescribeSecret": fmt.Sprintf(`{"RotationEnabled":true,"RotationLambdaARN":"arn:rotate:live","RotationRules":{"AutomaticallyAfterDays":30},`+
			`"LastRotatedDate":%d,"VersionIdsToStages":{"a":["AWSCURRENT","AWSPENDING"]}}`, 1<<40),
		"/2015-03-31/functions/login/configuration": fmt.Sprintf(`{"CodeSha256":%q,"State":"Active","MemorySize":1769,"Architectures":["x86_64"],"Environment":{"Variables":{`+
			`"LATCHKEY_STORE":"sqlite:users.db","LATCHKEY_KEYS":"file:%s","LATCHKEY_ISSUER":%q,"LATCHKEY_PASSWORD_HASH":"argon2id:m=19456,t=2,p=1"}}}`,
			base64.StdEncoding.EncodeToString(sum[:]), l.path("keys.json"), base),
		"/2015-03-31/functions/login/aliases/live": `{"FunctionVersion":"7"}`,
		"/2015-03-31/functions/login":              fmt.Sprintf(`{"Code":{"Location":"%s/code"}}`, server.URL),
		"/v2/apis":                                 `{"items":[{"apiId":"other","name":"orders","protocolType":"HTTP"}]}`,
		"/v2/apis/other/authorizers":               `{"items":[{"name":"mine","authorizerType":"JWT","jwtConfiguration":{"issuer":"https://elsewhere.example.com","audience":["x"]}}]}`,
		"/v2/apis/api1/stages/$default": `{"defaultRouteSettings":{"throttlingRateLimit":50.0,"throttlingBurstLimit":100},"routeSettings":{` +
			`"ANY /api/users/login":{"throttlingRateLimit":50.0,"throttlingBurstLimit":100},"ANY /users/login":{"throttlingRateLimit":50.0,"throttlingBurstLimit":100}}}`,
		"/v2/email/identities/example.com": `{"VerifiedForSendingStatus":true}`,
		"/v2/email/account":                `{"ProductionAccessEnabled":true,"SendingEnabled":true}`,
	}
	return a
}

func (a *recordedAWS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if r.Header.Get("Content-Type") == "application/x-www-form-urlencoded" {
		operation = r.FormValue("Action")
	}
	if operation == "" {
		operation = r.URL.Path
	}
	if operation == "/code" {
		w.Write(a.code)
		return
	}
	if !strings.Contains(r.Header.Get("Authorization"), "/eu-central-1/") {
		a.Errorf("%s is not signed", operation)
	}
	answer, found := a.answers[operation]
	switch {
	case a.refused[operation]:
		w.WriteHeader(http.StatusForbidden)
		io.WriteString(w, `{"__type":"AccessDeniedException","Message":"secret details"}`)
	case !found:
		w.WriteHeader(http.StatusNotFound)
	default:
		io.WriteString(w, answer)
	}
}

// replace changes a part of an answer.
func (a *recordedAWS) replace(operation, old, with string) {
	a.Helper()
	if !strings.Contains(a.answers[operation], old) {
		a.Fatalf("the answer to %s has no %q", operation, old)
	}
	a.answers[operation] = strings.Replace(a.answers[operation], old, with, 1)
}

// TestDoctorStack promises that a healthy stack has no finding to act on, and that each change has exactly one, which says what
// to do.
func TestDoctorStack(t *testing.T) {
	type change struct{ operation, old, with string }
	for name, tc := range map[string]struct {
		change change
		check  string
		level  doctor.Level
		says   string
	}{
		"healthy":              {},
		"undone deployment":    {change{"DescribeStacks", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}, "stack", doctor.Warning, "last deployment failed"},
		"failed deployment":    {change{"DescribeStacks", "UPDATE_COMPLETE", "ROLLBACK_COMPLETE"}, "stack", doctor.Fault, "creation-failed"},
		"no alarm topic":       {change{"DescribeStacks", "<ParameterValue>arn:topic<", "<ParameterValue><"}, "alarms", doctor.Warning, "SNS topic"},
		"canary":               {change{"/2015-03-31/functions/login/aliases/live", `"7"`, `"7","RoutingConfig":{"AdditionalVersionWeights":{"8":0.1}}`}, "functions", doctor.Warning, "CodeDeploy"},
		"alarm":                {change{"DescribeAlarms", ">OK<", ">ALARM<"}, "alarms", doctor.Fault, "docs/operate.md#slowlogins"},
		"silent alarm":         {change{"DescribeAlarms", ">true<", ">false<"}, "alarms", doctor.Fault, "enable-alarm-actions"},
		"unconfirmed":          {change{"GetTopicAttributes", ">2<", ">0<"}, "alarm topic", doctor.Fault, "Subscribe"},
		"no protection":        {change{"DescribeTable", "true", "false"}, "table", doctor.Fault, "--deletion-protection-enabled"},
		"rotation off":         {change{"DescribeSecret", "true", "false"}, "rotation", doctor.Fault, "RotationSchedule"},
		"unfinished rotation":  {change{"DescribeSecret", `,"AWSPENDING"]`, `],"b":["AWSPENDING"]`}, "rotation", doctor.Warning, "a-rotation-failed"},
		"no rate limit":        {change{"/v2/apis/api1/stages/$default", `"ANY /users/login":{"throttlingRateLimit":50.0`, `"ANY /users/login":{"throttlingRateLimit":0`}, "rate limits", doctor.Fault, "Deploy the stack"},
		"RSA only":             {change{"/v2/apis/other/authorizers", `"https://elsewhere.example.com","audience":["x"]`, `"BASE","audience":["BASE"]`}, "authorizers", doctor.Fault, "Algorithm=RS256"},
		"unverified sender":    {change{"/v2/email/identities/example.com", "true", "false"}, "mail", doctor.Fault, "Verify"},
		"sandbox":              {change{"/v2/email/account", `"ProductionAccessEnabled":true`, `"ProductionAccessEnabled":false`}, "mail", doctor.Warning, "production access"},
		"hash without room":    {change{"/2015-03-31/functions/login/configuration", `"MemorySize":1769`, `"MemorySize":70`}, "hash cost", doctor.Fault, "MemorySize"},
		"weak hash":            {change{"/2015-03-31/functions/login/configuration", "m=19456", "m=128"}, "hash cost", doctor.Fault, "default"},
		"another stack's name": {change{"ListStackResources", "AWS::Lambda::Function<", "AWS::SQS::Queue<"}, "functions", doctor.Fault, "not one of Latchkey's"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLaptop(t)
			base := l.serve().base
			a := l.aws(base)
			if tc.check != "" {
				a.replace(tc.change.operation, tc.change.old, strings.ReplaceAll(tc.change.with, "BASE", base))
			}
			l.wantOnly(l.doctor("--stack", "latchkey"), tc.check, tc.level, tc.says)
		})
	}
}

// wantOnly requires one bad finding, of the check, or none if the check is empty.
func (l *laptop) wantOnly(got examined, check string, level doctor.Level, says string) {
	l.Helper()
	hits := 0
	for _, findings := range got.findings {
		for _, f := range findings {
			switch {
			case f.Advice == "":
			case f.Check == check && f.Level == level && strings.Contains(f.Advice, says):
				hits++
			case check != "settings" && f.Check == "settings" && strings.Contains(f.Message, "weaker"): // of the same variable
			default:
				l.Errorf("also %+v", f)
			}
		}
	}
	if bad := check != ""; (hits == 1) != bad || (got.code == exitOK) == bad {
		l.Errorf("exit %d, %d findings of %q, want %s with %q: %+v", got.code, hits, check, level, says, got.findings[check])
	}
}

// TestDoctorWithoutRights promises exit 3 and the missing right for what AWS does not show, and nothing of AWS's own text.
func TestDoctorWithoutRights(t *testing.T) {
	for operation, says := range map[string]string{
		"DescribeStacks": "cloudformation:DescribeStacks", "DescribeAlarms": "cloudwatch:DescribeAlarms", "DescribeTimeToLive": "dynamodb:DescribeTimeToLive",
		"DescribeSecret": "secretsmanager:DescribeSecret", "/v2/apis": "apigateway:GET", "/2015-03-31/functions/login/aliases/live": "lambda:GetAlias",
	} {
		l := newLaptop(t)
		a := l.aws(l.serve().base)
		a.refused[operation] = true
		got := l.doctor("--stack", "latchkey")
		if got.code != exitUnchecked || !strings.Contains(got.out, says) || strings.Contains(got.out+got.err, "secret details") {
			t.Errorf("%s: exit %d\n%s", operation, got.code, got.out)
		}
	}
}

// TestDoctorAttests promises that --attest accepts exactly the program that a build of the commit makes.
func TestDoctorAttests(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a function twice")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	head, err := exec.Command("git", "rev-parse", "HEAD").Output()
	if err != nil {
		t.Skip("not in a clone")
	}
	version := strings.TrimSpace(string(head))
	l := newLaptop(t)
	a := l.aws(l.serve().base)
	t.Chdir(root)
	program := buildLogin(t, version)
	for name, tc := range map[string]struct {
		program []byte
		check   string
	}{
		"the commit's": {program, ""}, "another": {append(bytes.Clone(program), 0), "attestation"}, "not Go": {[]byte("#!/bin/sh"), "attestation"},
	} {
		before := a.code
		a.code = archived(t, tc.program)
		a.replace("/2015-03-31/functions/login/configuration", checksum(before), checksum(a.code))
		l.wantOnly(l.doctor("--stack", "latchkey", "--attest="+version), tc.check, doctor.Fault, "CloudTrail")
		_ = name
	}
	if got := l.doctor("--stack", "latchkey", "--attest=v0.0.0-none"); got.code != exitUnchecked {
		t.Errorf("an unknown version: exit %d\n%s", got.code, got.out)
	}
}

func checksum(archive []byte) string {
	sum := sha256.Sum256(archive)
	text, _ := json.Marshal(base64.StdEncoding.EncodeToString(sum[:]))
	return string(text)
}

// buildLogin builds the sign-in function from the files of the commit, as sam build does.
func buildLogin(t *testing.T, version string) []byte {
	t.Helper()
	source, out := t.TempDir(), t.TempDir()
	script := "git archive " + version + " | tar -x -C " + source + " && GOFLAGS= make -s -C " + source + " build-LoginFunction ARTIFACTS_DIR=" + out + " VERSION=" + version
	if text, err := exec.Command("bash", "-c", script).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	program, err := os.ReadFile(filepath.Join(out, "bootstrap"))
	if err != nil {
		t.Fatal(err)
	}
	return program
}

func archived(t *testing.T, program []byte) []byte {
	t.Helper()
	var text bytes.Buffer
	archive := zip.NewWriter(&text)
	file, err := archive.Create("bootstrap")
	if err == nil {
		_, err = file.Write(program)
	}
	if err == nil {
		err = archive.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}
