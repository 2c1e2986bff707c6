package secret

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/smithy-go"

	"latchkey/internal/awswire"
)

const (
	// callTimeout bounds a call with all its attempts: a login waits for it.
	callTimeout = 2 * time.Second
	maxAttempts = 3
)

// SecretsManagerAPI is the part of *secretsmanager.Client that a SecretsManagerSource uses; Get needs only the first method.
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

// Get fetches the current version, within 2 seconds and 3 attempts. A secret that does not exist or has no value is
// ErrAbsent.
func (s *SecretsManagerSource) Get(ctx context.Context) ([]byte, error) {
	value, _, err := s.get(ctx)
	return value, err
}

func (s *SecretsManagerSource) get(ctx context.Context) (value []byte, version string, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := s.api.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{
		SecretId: &s.id, VersionStage: aws.String(labelCurrent),
	}, callOptions)
	if isA[*types.ResourceNotFoundException](err) {
		return nil, "", fmt.Errorf("%w: secret %s does not exist or has no value", ErrAbsent, s.id)
	}
	if err != nil {
		return nil, "", fmt.Errorf("get secret %s: %w", s.id, withoutAnswer(err))
	}
	value, err = valueOf(out)
	if err != nil {
		return nil, "", fmt.Errorf("get secret %s: %w", s.id, err)
	}
	return value, aws.ToString(out.VersionId), nil
}

// valueOf returns the value of a version, which may have been stored as text or as bytes. Every version that the service
// returns has one of them.
func valueOf(out *secretsmanager.GetSecretValueOutput) ([]byte, error) {
	switch {
	case out.SecretString != nil:
		return []byte(*out.SecretString), nil
	case out.SecretBinary != nil:
		return out.SecretBinary, nil
	}
	return nil, errAnswer
}

// Put stores the value if the secret still holds what the caller has seen, nil for absent, else returns ErrChanged. It
// creates a secret that does not exist, unless its id is an ARN.
func (s *SecretsManagerSource) Put(ctx context.Context, seen, value []byte) error {
	stored, version, err := s.get(ctx)
	if err != nil && !errors.Is(err, ErrAbsent) {
		return err
	}
	if !bytes.Equal(stored, seen) {
		return fmt.Errorf("%w: secret %s holds something else", ErrChanged, s.id)
	}
	if version == "" {
		return s.putFirst(ctx, value)
	}
	return s.putAfter(ctx, version, value)
}

// firstVersion is the id of the first version of every secret. Processes that find it empty at the same time use the same
// id, and a version is never written twice: one of them wins.
const firstVersion = "latchkey-first-version-of-the-key-ring"

func (s *SecretsManagerSource) putFirst(ctx context.Context, value []byte) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err := s.api.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId: &s.id, SecretString: aws.String(string(value)), ClientRequestToken: aws.String(firstVersion),
	}, callOptions)
	if isA[*types.ResourceNotFoundException](err) {
		if strings.HasPrefix(s.id, "arn:") {
			return fmt.Errorf("%w: secret %s does not exist; AWS makes its ARN: create it first, or give a name", ErrAbsent, s.id)
		}
		_, err = s.api.CreateSecret(ctx, &secretsmanager.CreateSecretInput{
			Name: &s.id, SecretString: aws.String(string(value)), ClientRequestToken: aws.String(firstVersion),
		}, callOptions)
	}
	if isA[*types.ResourceExistsException](err) {
		return fmt.Errorf("%w: another process has written secret %s", ErrChanged, s.id)
	}
	if err != nil {
		return fmt.Errorf("put secret %s: %w", s.id, withoutAnswer(err))
	}
	return nil
}

// putAfter stores the value under a label of its own and then moves AWSCURRENT from the version that was seen. Only that
// move has a condition: of several writers, including a rotation, one wins.
func (s *SecretsManagerSource) putAfter(ctx context.Context, seen string, value []byte) error {
	limited, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := s.api.PutSecretValue(limited, &secretsmanager.PutSecretValueInput{
		SecretId: &s.id, SecretString: aws.String(string(value)), VersionStages: []string{labelAside},
	}, callOptions)
	if err != nil {
		return fmt.Errorf("put secret %s: %w", s.id, withoutAnswer(err))
	}
	_, err = s.api.UpdateSecretVersionStage(limited, &secretsmanager.UpdateSecretVersionStageInput{
		SecretId: &s.id, VersionStage: aws.String(labelCurrent), RemoveFromVersionId: &seen, MoveToVersionId: out.VersionId,
	}, callOptions)
	switch {
	case err == nil || s.inUse(ctx, aws.ToString(out.VersionId)):
		return nil
	case isA[*types.InvalidParameterException](err):
		return fmt.Errorf("%w: version %s of secret %s is no longer in use", ErrChanged, seen, s.id)
	}
	return fmt.Errorf("put secret %s in use: %w", s.id, withoutAnswer(err))
}

// inUse reports whether the version is AWSCURRENT. It tells a lost answer, after which a second attempt fails as well, from
// another writer.
func (s *SecretsManagerSource) inUse(ctx context.Context, version string) bool {
	_, now, err := s.get(ctx)
	return err == nil && now == version
}

// callOptions bounds the attempts of a call and refuses empty answers, which would look like an absent value.
func callOptions(o *secretsmanager.Options) {
	o.RetryMaxAttempts = maxAttempts
	o.APIOptions = append(slices.Clip(o.APIOptions), awswire.RefuseEmpty)
}

var errAnswer = errors.New("an answer that is not Secrets Manager's")

// withoutAnswer keeps an error's kind and drops the service's text: validation errors quote the request's value, and
// decoding errors the response.
func withoutAnswer(err error) error {
	if answer, ok := errors.AsType[smithy.APIError](err); ok {
		return fmt.Errorf("answered %s", answer.ErrorCode())
	}
	if isA[*smithy.DeserializationError](err) && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
		return errAnswer
	}
	return err
}

func isA[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
