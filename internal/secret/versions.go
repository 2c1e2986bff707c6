package secret

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// Labels of versions. The first two are Secrets Manager's: the version in use, and the one that a rotation prepares.
const (
	labelCurrent = "AWSCURRENT"
	labelPending = "AWSPENDING"
	labelAside   = "LATCHKEY" // the version that an operator is about to put in use
)

// VersionsAPI is the part of *secretsmanager.Client that a rotation uses, and that its role must allow for the one secret.
type VersionsAPI interface {
	DescribeSecret(context.Context, *secretsmanager.DescribeSecretInput, ...func(*secretsmanager.Options)) (*secretsmanager.DescribeSecretOutput, error)
	GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
	PutSecretValue(context.Context, *secretsmanager.PutSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.PutSecretValueOutput, error)
	UpdateSecretVersionStage(context.Context, *secretsmanager.UpdateSecretVersionStageInput, ...func(*secretsmanager.Options)) (*secretsmanager.UpdateSecretVersionStageOutput, error)
}

// Versions is a secret in AWS Secrets Manager as a rotation sees it: all its versions and their labels. Each call takes at
// most 2 seconds and 3 attempts.
type Versions struct {
	api VersionsAPI
	id  string
}

// NewVersions returns the versions of the secret with the name or ARN; nothing is called yet.
func NewVersions(api VersionsAPI, id string) *Versions {
	return &Versions{api: api, id: id}
}

// Versions returns the labels of each version that has any, and whether rotation is turned on for the secret.
func (s *Versions) Versions(ctx context.Context) (labels map[string][]string, rotating bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := s.api.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &s.id}, callOptions)
	if err != nil {
		return nil, false, fmt.Errorf("describe secret %s: %w", s.id, withoutAnswer(err))
	}
	return out.VersionIdsToStages, aws.ToBool(out.RotationEnabled), nil
}

// Value returns the version's value; found is false for the version that Secrets Manager creates before a rotation, which
// has no value until StorePending.
func (s *Versions) Value(ctx context.Context, version string) (value []byte, found bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := s.api.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &s.id, VersionId: &version}, callOptions)
	if isA[*types.ResourceNotFoundException](err) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("get version %s of secret %s: %w", version, s.id, withoutAnswer(err))
	}
	if value, err = valueOf(out); err != nil {
		return nil, false, fmt.Errorf("get version %s of secret %s: %w", version, s.id, err)
	}
	return value, true, nil
}

// StorePending gives the version its value and the label AWSPENDING. Storing the same value twice changes nothing; a
// version that has another value keeps it, and the error is ErrChanged.
func (s *Versions) StorePending(ctx context.Context, version string, value []byte) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err := s.api.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId: &s.id, ClientRequestToken: &version, SecretString: aws.String(string(value)), VersionStages: []string{labelPending},
	}, callOptions)
	if isA[*types.ResourceExistsException](err) {
		return fmt.Errorf("%w: version %s of secret %s has another value already", ErrChanged, version, s.id)
	}
	if err != nil {
		return fmt.Errorf("put version %s of secret %s: %w", version, s.id, withoutAnswer(err))
	}
	return nil
}

// Promote moves the label AWSCURRENT in one step, and fails if it is not at the version from; empty means that no version
// has it yet. Secrets Manager moves AWSPREVIOUS along.
func (s *Versions) Promote(ctx context.Context, from, to string) error {
	return s.move(ctx, labelCurrent, from, to)
}

// Drop removes the label AWSPENDING from the version, and fails if the version does not have it. Secrets Manager eventually
// deletes versions without labels.
func (s *Versions) Drop(ctx context.Context, version string) error {
	return s.move(ctx, labelPending, version, "")
}

func (s *Versions) move(ctx context.Context, label, from, to string) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	in := &secretsmanager.UpdateSecretVersionStageInput{SecretId: &s.id, VersionStage: &label}
	if from != "" {
		in.RemoveFromVersionId = &from
	}
	if to != "" {
		in.MoveToVersionId = &to
	}
	if _, err := s.api.UpdateSecretVersionStage(ctx, in, callOptions); err != nil {
		return fmt.Errorf("move %s of secret %s from %q to %q: %w", label, s.id, from, to, withoutAnswer(err))
	}
	return nil
}
