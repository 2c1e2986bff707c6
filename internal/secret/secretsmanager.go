package secret

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/smithy-go"
)

const (
	// callTimeout bounds a call with all its tries: a login waits for it.
	callTimeout = 2 * time.Second
	maxTries    = 3
)

// SecretsManagerAPI is what is used of *secretsmanager.Client; reading needs the first method alone.
type SecretsManagerAPI interface {
	GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
	PutSecretValue(context.Context, *secretsmanager.PutSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.PutSecretValueOutput, error)
	CreateSecret(context.Context, *secretsmanager.CreateSecretInput, ...func(*secretsmanager.Options)) (*secretsmanager.CreateSecretOutput, error)
	UpdateSecretVersionStage(context.Context, *secretsmanager.UpdateSecretVersionStageInput, ...func(*secretsmanager.Options)) (*secretsmanager.UpdateSecretVersionStageOutput, error)
}

// SecretsManagerSource is a secret in AWS Secrets Manager, in the version labelled AWSCURRENT.
type SecretsManagerSource struct {
	api SecretsManagerAPI
	id  string // name or ARN
}

// SecretsManager returns the source with the name or ARN; nothing is called yet, and the secret need not exist.
func SecretsManager(api SecretsManagerAPI, id string) *SecretsManagerSource {
	return &SecretsManagerSource{api: api, id: id}
}

// Get fetches the current version, within 2 seconds and 3 tries. A secret without a value is ErrAbsent, as one
// that does not exist.
func (s *SecretsManagerSource) Get(ctx context.Context) ([]byte, error) {
	value, _, err := s.get(ctx)
	return value, err
}

func (s *SecretsManagerSource) get(ctx context.Context) (value []byte, version string, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := s.api.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{
		SecretId: &s.id, VersionStage: aws.String(labelCurrent),
	}, limitTries)
	if isA[*types.ResourceNotFoundException](err) {
		return nil, "", fmt.Errorf("%w: secret %s does not exist or has no value", ErrAbsent, s.id)
	}
	if err != nil {
		return nil, "", fmt.Errorf("get secret %s: %w", s.id, withoutAnswer(err))
	}
	return valueOf(out), aws.ToString(out.VersionId), nil
}

// valueOf returns the value of a version, which may have been stored as text or as bytes.
func valueOf(out *secretsmanager.GetSecretValueOutput) []byte {
	if out.SecretString != nil {
		return []byte(*out.SecretString)
	}
	return out.SecretBinary
}

// Put stores the value where the secret still holds what the caller has seen, nil for absent, else returns
// ErrChanged. A secret that does not exist is created, unless its id is an ARN.
func (s *SecretsManagerSource) Put(ctx context.Context, seen, value []byte) error {
	stored, version, err := s.get(ctx)
	if err != nil && !errors.Is(err, ErrAbsent) {
		return err
	}
	if !bytes.Equal(stored, seen) {
		return fmt.Errorf("%w: secret %s holds something else", ErrChanged, s.id)
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if version == "" {
		return s.putFirst(ctx, value)
	}
	return s.putAfter(ctx, version, value)
}

// firstVersion names the first version of every secret: all who find it empty propose the same, and as a version is
// never written twice, one of them wins.
const firstVersion = "latchkey-first-version-of-the-key-ring"

func (s *SecretsManagerSource) putFirst(ctx context.Context, value []byte) error {
	_, err := s.api.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId: &s.id, SecretString: aws.String(string(value)), ClientRequestToken: aws.String(firstVersion),
	}, limitTries)
	if isA[*types.ResourceNotFoundException](err) {
		if strings.HasPrefix(s.id, "arn:") {
			return fmt.Errorf("%w: secret %s does not exist; AWS makes its ARN: create it first, or give a name", ErrAbsent, s.id)
		}
		_, err = s.api.CreateSecret(ctx, &secretsmanager.CreateSecretInput{
			Name: &s.id, SecretString: aws.String(string(value)), ClientRequestToken: aws.String(firstVersion),
		}, limitTries)
	}
	if isA[*types.ResourceExistsException](err) {
		return fmt.Errorf("%w: another process has written secret %s", ErrChanged, s.id)
	}
	if err != nil {
		return fmt.Errorf("put secret %s: %w", s.id, withoutAnswer(err))
	}
	return nil
}

// putAfter stores the value aside and then moves AWSCURRENT from the version that was seen, for that is the only write
// with a condition: of several writers, a rotation among them, one wins.
func (s *SecretsManagerSource) putAfter(ctx context.Context, seen string, value []byte) error {
	out, err := s.api.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId: &s.id, SecretString: aws.String(string(value)), VersionStages: []string{labelAside},
	}, limitTries)
	if err != nil {
		return fmt.Errorf("put secret %s: %w", s.id, withoutAnswer(err))
	}
	_, err = s.api.UpdateSecretVersionStage(ctx, &secretsmanager.UpdateSecretVersionStageInput{
		SecretId: &s.id, VersionStage: aws.String(labelCurrent), RemoveFromVersionId: &seen, MoveToVersionId: out.VersionId,
	}, limitTries)
	if isA[*types.InvalidParameterException](err) {
		return fmt.Errorf("%w: version %s of secret %s is not in use any more", ErrChanged, seen, s.id)
	}
	if err != nil {
		return fmt.Errorf("put secret %s in use: %w", s.id, withoutAnswer(err))
	}
	return nil
}

func limitTries(o *secretsmanager.Options) {
	o.RetryMaxAttempts = maxTries
}

// withoutAnswer keeps an error's kind and drops what the service answered: validation errors quote the request's
// value, and decoding errors the response.
func withoutAnswer(err error) error {
	if answer, ok := errors.AsType[smithy.APIError](err); ok {
		return fmt.Errorf("answered %s", answer.ErrorCode())
	}
	if isA[*smithy.DeserializationError](err) {
		return errors.New("an answer that is not understood")
	}
	return err
}

func isA[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
