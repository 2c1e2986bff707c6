package app

import (
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"latchkey/internal/audit"
	"latchkey/internal/auth"
	"latchkey/internal/dynamo"
	"latchkey/internal/rotation"
	"latchkey/internal/secret"
)

// Rotate returns the rotate function from the environment of a Lambda function; it logs to out. The error names every
// setting that is wrong; nothing is called before the first event.
func Rotate(getenv func(string) string, out io.Writer) (*rotation.Rotator, error) {
	c, err := deployedConfig("rotate", getenv)
	if err != nil {
		return nil, err
	}
	aws := LambdaConfig(getenv)
	return NewRotator(c, aws, dynamo.New(aws, c.Store.Name), audit.Log(functionLogger(out, c.LogLevel))), nil
}

// NewRotator returns the rotate function over the secret that the settings name, and a store for the public keys.
func NewRotator(c Config, cfg aws.Config, public auth.PublicKeys, sink auth.AuditSink) *rotation.Rotator {
	return rotation.New(rotation.Config{
		SecretID: c.Keys.Name, Vault: secret.NewVersions(secretsmanager.NewFromConfig(cfg), c.Keys.Name),
		Public: public, Algorithm: c.Algorithm, Audit: sink,
	})
}
