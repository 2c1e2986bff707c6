package app_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/dynamo"
	"latchkey/internal/emulator"
	"latchkey/internal/rotation"
	"latchkey/internal/secret"
	"latchkey/internal/token"
)

// TestRotate promises the first months of a deployment: the first rotation makes the ring of a new secret, one that comes too
// soon changes nothing, the next changes the key that signs, and old tokens verify throughout, by the secret and by the
// published keys.
func TestRotate(t *testing.T) {
	s := newStack(t)
	s.rotate(t)
	first := s.signed(t)
	s.verified(t, first)

	s.rotate(t)
	if again := s.signed(t); again.keyID != first.keyID {
		t.Error("a rotation that came too soon changed the key")
	}
	for range 2 {
		s.age(t, 30*24*time.Hour)
		s.rotate(t)
	}
	second := s.signed(t)
	if second.keyID == first.keyID {
		t.Error("the key that signs did not change")
	}
	s.verified(t, first)
	s.verified(t, second)
}

// TestRotateConfig promises that a function with wrong settings does not start, and says why.
func TestRotateConfig(t *testing.T) {
	_, err := app.Rotate(func(name string) string {
		return map[string]string{"LATCHKEY_ISSUER": "https://login.example.com", "LATCHKEY_ALGORITHM": "none"}[name]
	}, io.Discard)
	for _, want := range []string{"LATCHKEY_STORE", "LATCHKEY_KEYS", "LATCHKEY_ALGORITHM"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
}

// stack is a secret and a table as CloudFormation makes them, in emulators.
type stack struct {
	arn     string
	secrets *secretsmanager.Client
	store   *dynamo.Store
	rotator *rotation.Rotator
	config  app.Config
}

func newStack(t *testing.T) *stack {
	t.Helper()
	table := "table-" + rand.Text()
	env := map[string]string{
		"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
		"AWS_ENDPOINT_URL_DYNAMODB": emulator.DynamoDB(t), "AWS_ENDPOINT_URL_SECRETS_MANAGER": emulator.SecretsManager(t),
		"LATCHKEY_STORE": "dynamodb:" + table, "LATCHKEY_ISSUER": "https://login.example.com", "LATCHKEY_LOG_LEVEL": "error",
	}
	credentials := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
	})
	secrets := secretsmanager.New(secretsmanager.Options{
		Region: "us-east-1", Credentials: credentials, BaseEndpoint: aws.String(env["AWS_ENDPOINT_URL_SECRETS_MANAGER"]),
	})
	store := dynamo.New(aws.Config{
		Region: "us-east-1", Credentials: credentials, BaseEndpoint: aws.String(env["AWS_ENDPOINT_URL_DYNAMODB"]),
	}, table)
	check(t, store.CreateTable(t.Context()))
	made, err := secrets.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: aws.String("latchkey-" + rand.Text()), SecretString: aws.String("{}"),
	})
	check(t, err)
	env["LATCHKEY_KEYS"] = "secretsmanager:" + *made.ARN
	getenv := func(name string) string { return env[name] }
	rotator, err := app.Rotate(getenv, t.Output())
	check(t, err)
	config, err := app.ConfigFrom(getenv)
	check(t, err)
	return &stack{arn: *made.ARN, secrets: secrets, store: store, rotator: rotator, config: config}
}

// rotate begins a rotation and takes the steps itself, because moto sends them only to its own functions.
func (s *stack) rotate(t *testing.T) {
	t.Helper()
	version := rand.Text() + "-a-version-of-36-characters"
	_, err := s.secrets.RotateSecret(t.Context(), &secretsmanager.RotateSecretInput{
		SecretId: &s.arn, ClientRequestToken: &version, RotationRules: &types.RotationRulesType{AutomaticallyAfterDays: aws.Int64(30)},
		RotationLambdaARN: aws.String("arn:aws:lambda:us-east-1:123456789012:function:none"),
	})
	if _, begun := errors.AsType[*types.ResourceNotFoundException](err); !begun {
		t.Fatalf("RotateSecret: %v", err)
	}
	for _, step := range []string{"createSecret", "createSecret", "setSecret", "testSecret", "finishSecret", "finishSecret"} {
		event := fmt.Appendf(nil, `{"Step":%q,"SecretId":%q,"ClientRequestToken":%q}`, step, s.arn, version)
		if _, err := s.rotator.Invoke(t.Context(), event); err != nil {
			t.Fatal(err)
		}
	}
	out, err := s.secrets.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &s.arn})
	check(t, err)
	if labels := out.VersionIdsToStages[version]; !slices.Equal(labels, []string{"AWSCURRENT"}) {
		t.Errorf("the version has the labels %q", labels)
	}
}

type signed struct{ text, keyID string }

// signed returns a token from a function that starts now.
func (s *stack) signed(t *testing.T) signed {
	t.Helper()
	now := time.Now().Truncate(time.Second)
	text, keyID, err := s.keyring().Sign(t.Context(), auth.Claims{
		ID: "jti", Subject: "user", SessionID: "sid", IssuedAt: now, ExpiresAt: now.Add(time.Hour),
	})
	check(t, err)
	return signed{text, keyID}
}

func (s *stack) keyring() *token.Keyring {
	return app.NewKeyring(s.config, app.CachedKeys(s.config.Keys, s.ring()))
}

func (s *stack) ring() *secret.SecretsManagerSource {
	o := s.secrets.Options()
	return app.SecretKeys(aws.Config{Region: o.Region, Credentials: o.Credentials, BaseEndpoint: o.BaseEndpoint}, s.arn)
}

func (s *stack) verified(t *testing.T, raw signed) {
	t.Helper()
	public := token.NewVerifier(app.CachedPublicKeys(app.StoredPublicKeys(s.store)), token.Config{
		Issuer: s.config.Issuer.String(), Audience: s.config.Audience,
	})
	for name, v := range map[string]auth.Verifier{"the ring": s.keyring(), "the published keys": public} {
		if _, err := v.Verify(t.Context(), raw.text); err != nil {
			t.Errorf("by %s: %v", name, err)
		}
	}
}

// age makes the ring's next key older, as time does.
func (s *stack) age(t *testing.T, by time.Duration) {
	t.Helper()
	before, err := s.ring().Get(t.Context())
	check(t, err)
	var ring map[string]any
	check(t, json.Unmarshal(before, &ring))
	for _, k := range ring["keys"].([]any) {
		if k := k.(map[string]any); k["kid"] == ring["next"] {
			k["createdAt"] = time.Now().Add(-by).Unix()
		}
	}
	document, err := json.Marshal(ring)
	check(t, err)
	check(t, s.ring().Put(t.Context(), before, document))
}
