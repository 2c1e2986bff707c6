package secret

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
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
	out, err := s.api.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &s.id}, limitTries)
	if isA[*types.ResourceNotFoundException](err) {
		return nil, "", fmt.Errorf("%w: secret %s does not exist or has no value", ErrAbsent, s.id)
	}
	if err != nil {
		return nil, "", fmt.Errorf("get secret %s: %w", s.id, withoutAnswer(err))
	}
	if out.SecretString != nil {
		return []byte(*out.SecretString), aws.ToString(out.VersionId), nil
	}
	return out.SecretBinary, aws.ToString(out.VersionId), nil
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
	// There is no conditional write. But a token names the new version, and a version cannot be written twice: all
	// who saw the same version propose the same name for the next, so that one of them wins.
	token := successor(version)
	_, err = s.api.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId: &s.id, SecretString: aws.String(string(value)), ClientRequestToken: &token,
	}, limitTries)
	if isA[*types.ResourceNotFoundException](err) {
		if strings.HasPrefix(s.id, "arn:") {
			return fmt.Errorf("%w: secret %s does not exist; AWS makes its ARN: create it first, or give a name", ErrAbsent, s.id)
		}
		_, err = s.api.CreateSecret(ctx, &secretsmanager.CreateSecretInput{
			Name: &s.id, SecretString: aws.String(string(value)), ClientRequestToken: &token,
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

// successor leaves the secret's id out: one may write by its name, another by its ARN.
func successor(version string) string {
	sum := sha256.Sum256([]byte("latchkey, the version after " + version))
	return hex.EncodeToString(sum[:])
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
