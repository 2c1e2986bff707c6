package app_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// TestRights promises the exact rights of each function, down to the items (ASVS 13.2.2, 13.3.2).
func TestRights(t *testing.T) {
	logs := func(of string) string { return "logs:CreateLogStream logs:PutLogEvents on " + of + "Logs.Arn" }
	const (
		table   = "Table.Arn, or arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${TableName}"
		ring    = "SigningKeys, or SigningKeysArn"
		traces  = "where Traced: xray:PutTraceSegments xray:PutTelemetryRecords on *"
		via     = " on KmsKeyArn via dynamodb.${AWS::Region}.* secretsmanager.${AWS::Region}.*"
		decrypt = "where HasKey: kms:Decrypt" + via

		askForMail = "where Mail: sqs:SendMessage on MailQueue.Arn"
	)
	versions := func(names ...string) (all string) {
		for _, name := range names {
			all += " ${" + name + "Function.Arn}:*"
		}
		return all
	}
	want := map[string][]string{
		"LoginRole": {
			logs("Login"), traces, decrypt, askForMail,
			"dynamodb:GetItem dynamodb:BatchGetItem on " + table + " under LOGIN#* USER#* CLIENTS TRIES#* SOURCE#* WARM",
			"dynamodb:PutItem dynamodb:UpdateItem on " + table + " under USER#* TRIES#* SOURCE#*",
			"dynamodb:Query dynamodb:BatchWriteItem on " + table + " under USER#*",
			"secretsmanager:GetSecretValue on " + ring,
		},
		"SessionRole": {
			logs("Session"), traces, decrypt, askForMail,
			"dynamodb:BatchGetItem dynamodb:GetItem dynamodb:Query dynamodb:UpdateItem dynamodb:DeleteItem dynamodb:BatchWriteItem " +
				"on " + table + " under USER#* WARM",
			"secretsmanager:GetSecretValue on " + ring,
		},
		"AccountRole": {
			logs("Account"), traces, decrypt, askForMail,
			"dynamodb:GetItem dynamodb:BatchGetItem on " + table + " under LOGIN#* HANDLE#* USER#* CLIENTS TRIES#* SOURCE#* WARM",
			"dynamodb:PutItem dynamodb:UpdateItem on " + table + " under USER#* HANDLE#* TRIES#* SOURCE#* NONCE#*",
			"dynamodb:Query dynamodb:BatchWriteItem on " + table + " under USER#*",
			"secretsmanager:GetSecretValue on " + ring,
		},
		"MailRole": {
			logs("Mail"), traces, decrypt,
			"sqs:ReceiveMessage sqs:DeleteMessage sqs:GetQueueAttributes on MailQueue.Arn",
			"dynamodb:GetItem on " + table + " under USER#* WARM",
			"dynamodb:UpdateItem on " + table + " under TRIES#*",
			"secretsmanager:GetSecretValue on " + ring,
			"ses:SendEmail ses:SendRawEmail on arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:identity/* " +
				"arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:configuration-set/${MailEvents} from MailFrom",
		},
		"KeysRole": {
			logs("Keys"), traces, decrypt,
			"dynamodb:GetItem on " + table + " under KEYS",
		},
		"AuthorizerRole": {
			logs("Authorizer"), traces, decrypt,
			"dynamodb:GetItem dynamodb:BatchGetItem on " + table + " under KEYS USER#*",
			"where Symmetric: secretsmanager:GetSecretValue on " + ring,
		},
		"RotateRole": {
			logs("Rotate"), traces, "where HasKey: kms:Decrypt kms:GenerateDataKey" + via,
			"secretsmanager:DescribeSecret secretsmanager:GetSecretValue secretsmanager:PutSecretValue " +
				"secretsmanager:UpdateSecretVersionStage on " + ring,
			"dynamodb:GetItem dynamodb:PutItem on " + table + " under KEYS",
		},
		"SmokeRole": {
			logs("Smoke"), traces,
			"lambda:InvokeFunction on" + versions("Login", "Session", "Account", "Keys", "Authorizer"),
			"codedeploy:PutLifecycleEventHookExecutionStatus on " +
				"arn:${AWS::Partition}:codedeploy:${AWS::Region}:${AWS::AccountId}:deploymentgroup:${ServerlessDeploymentApplication}/*",
		},
		"CalibrateRole": {
			logs("Calibrate"), traces,
		},
		"DeployRole": {
			"lambda:GetAlias lambda:UpdateAlias lambda:GetProvisionedConcurrencyConfig on LoginFunction.Arn" + versions("Login") +
				" SessionFunction.Arn" + versions("Session") + " AccountFunction.Arn" + versions("Account") + " KeysFunction.Arn" + versions("Keys") + " AuthorizerFunction.Arn" + versions("Authorizer"),
			"lambda:InvokeFunction on SmokeFunction.Arn" + versions("Smoke"),
			"cloudwatch:DescribeAlarms on *",
		},
	}
	if diff := cmp.Diff(want, rights(t)); diff != "" {
		t.Errorf("the template's rights (-want +got):\n%s", diff)
	}
}

// role has the members of a role that the template uses. Others, like managed policies, are an error in the decoder.
type role struct {
	AssumeRolePolicyDocument yaml.Node `yaml:"AssumeRolePolicyDocument"`
	PermissionsBoundary      yaml.Node `yaml:"PermissionsBoundary"`
	Policies                 []struct {
		PolicyName     string `yaml:"PolicyName"`
		PolicyDocument struct {
			Version   string      `yaml:"Version"`
			Statement []yaml.Node `yaml:"Statement"`
		} `yaml:"PolicyDocument"`
	} `yaml:"Policies"`
}

// rights returns the statements of each role as text.
func rights(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../../template.yaml")
	check(t, err)
	var template struct {
		Resources map[string]struct {
			Type       string    `yaml:"Type"`
			Properties yaml.Node `yaml:"Properties"`
		} `yaml:"Resources"`
	}
	var document yaml.Node
	check(t, yaml.Unmarshal(text, &document))
	withoutAliases(&document)
	check(t, document.Decode(&template))
	all := map[string][]string{}
	for name, resource := range template.Resources {
		if resource.Type != "AWS::IAM::Role" {
			continue
		}
		var r role
		decodeStrictly(t, resource.Properties, &r)
		if r.PermissionsBoundary.Content[0].Value != "HasBoundary" {
			t.Errorf("%s has no permissions boundary", name)
		}
		for _, policy := range r.Policies {
			for _, s := range policy.PolicyDocument.Statement {
				all[name] = append(all[name], inWords(t, s))
			}
		}
	}
	return all
}

func inWords(t *testing.T, node yaml.Node) string {
	t.Helper()
	if node.Tag == "!If" { // condition, statement, nothing
		if otherwise := node.Content[2]; otherwise.Tag != "!Ref" || otherwise.Value != "AWS::NoValue" {
			t.Errorf("line %d grants something else where the condition is not met", otherwise.Line)
		}
		return "where " + node.Content[0].Value + ": " + inWords(t, *node.Content[1])
	}
	var s struct {
		Effect    string                          `yaml:"Effect"`
		Action    yaml.Node                       `yaml:"Action"`
		Resource  yaml.Node                       `yaml:"Resource"`
		Condition map[string]map[string]yaml.Node `yaml:"Condition"`
	}
	decodeStrictly(t, node, &s)
	words := values(s.Action) + " on " + values(s.Resource)
	for operator, keys := range s.Condition {
		for key, under := range keys {
			switch {
			case strings.HasPrefix(operator, "ForAllValues:String") && key == "dynamodb:LeadingKeys":
				words += " under " + values(under)
			case operator == "StringEquals" && key == "ses:FromAddress":
				words += " from " + values(under)
			case operator == "StringLike" && key == "kms:ViaService":
				words += " via " + values(under)
			default:
				t.Errorf("line %d has another condition: %s of %s", node.Line, operator, key)
			}
		}
	}
	if s.Effect != "Allow" {
		return s.Effect + " " + words
	}
	return words
}

// values returns the values of a node that holds one or a list of them.
func values(node yaml.Node) string {
	all := []string{}
	if node.Tag == "!If" {
		return values(*node.Content[1]) + ", or " + values(*node.Content[2])
	}
	for _, item := range node.Content {
		all = append(all, item.Value)
	}
	if len(all) == 0 {
		return node.Value
	}
	return strings.Join(all, " ")
}

func decodeStrictly(t *testing.T, node yaml.Node, into any) {
	t.Helper()
	text, err := yaml.Marshal(&node)
	check(t, err)
	decoder := yaml.NewDecoder(strings.NewReader(string(text)))
	decoder.KnownFields(true)
	check(t, decoder.Decode(into))
}

// withoutAliases replaces every alias in the document by its node.
func withoutAliases(node *yaml.Node) {
	for i, child := range node.Content {
		if child.Kind == yaml.AliasNode {
			node.Content[i] = child.Alias
		}
		withoutAliases(node.Content[i])
		node.Content[i].Anchor = ""
	}
}
