package secret

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// Labels of versions. The first two are Secrets Manager's own: what is in use, and what a rotation prepares.
const (
	labelCurrent = "AWSCURRENT"
	labelPending = "AWSPENDING"
	labelAside   = "LATCHKEY" // what a person is about to put in use
)

// VersionsAPI is what a rotation uses of *secretsmanager.Client, and what its role must allow on the one secret.
type VersionsAPI interface {
	DescribeSecret(context.Context, *secretsmanager.DescribeSecretInput, ...func(*secretsmanager.Options)) (*secretsmanager.DescribeSecretOutput, error)
	GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
	PutSecretValue(context.Context, *secretsmanager.PutSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.PutSecretValueOutput, error)
	UpdateSecretVersionStage(context.Context, *secretsmanager.UpdateSecretVersionStageInput, ...func(*secretsmanager.Options)) (*secretsmanager.UpdateSecretVersionStageOutput, error)
}

// Versions is a secret in AWS Secrets Manager as a rotation sees it: all its versions and their labels. Each call ends
// within 2 seconds and 3 tries.
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
	out, err := s.api.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &s.id}, limitTries)
	if err != nil {
		return nil, false, fmt.Errorf("describe secret %s: %w", s.id, withoutAnswer(err))
	}
	return out.VersionIdsToStages, aws.ToBool(out.RotationEnabled), nil
}

// Value returns what the version holds; found is false for the version that Secrets Manager makes before a rotation,
// which has no value until somebody puts one.
func (s *Versions) Value(ctx context.Context, version string) (value []byte, found bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := s.api.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &s.id, VersionId: &version}, limitTries)
	if isA[*types.ResourceNotFoundException](err) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("get version %s of secret %s: %w", version, s.id, withoutAnswer(err))
	}
	return valueOf(out), true, nil
}

// StorePending gives the version its value and the label AWSPENDING. The same value again changes nothing; a version
// that has another value keeps it, which is ErrChanged.
func (s *Versions) StorePending(ctx context.Context, version string, value []byte) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err := s.api.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId: &s.id, ClientRequestToken: &version, SecretString: aws.String(string(value)), VersionStages: []string{labelPending},
	}, limitTries)
	if isA[*types.ResourceExistsException](err) {
		return fmt.Errorf("%w: version %s of secret %s has another value already", ErrChanged, version, s.id)
	}
	if err != nil {
		return fmt.Errorf("put version %s of secret %s: %w", version, s.id, withoutAnswer(err))
	}
	return nil
}

// Promote moves the label AWSCURRENT in one step, and fails where it is not at the version from: empty stands for a
// secret that has it nowhere. Secrets Manager moves AWSPREVIOUS along.
func (s *Versions) Promote(ctx context.Context, from, to string) error {
	return s.move(ctx, labelCurrent, from, to)
}

// Drop takes the label AWSPENDING from the version, and fails where it is not there. A version without labels is
// deleted by Secrets Manager some day.
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
	if _, err := s.api.UpdateSecretVersionStage(ctx, in, limitTries); err != nil {
		return fmt.Errorf("move %s of secret %s from %q to %q: %w", label, s.id, from, to, withoutAnswer(err))
	}
	return nil
}
