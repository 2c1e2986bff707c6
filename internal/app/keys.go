package app

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"latchkey/internal/cached"
	"latchkey/internal/secret"
	"latchkey/internal/token"
)

// SecretKeys returns the secret that holds the key ring; nothing is called before it is read.
func SecretKeys(cfg aws.Config, id string) *secret.SecretsManagerSource {
	return secret.SecretsManager(secretsmanager.NewFromConfig(cfg), id)
}

// CachedKeys keeps the last good ring document of a source, so that a broken or emptied one signs nobody out.
func CachedKeys(source cached.Origin) *cached.Source {
	return cached.New(source, cached.Options{Validate: func(document []byte) error {
		_, err := token.ParseRing(document)
		return err
	}})
}

// NewKeyring returns the key ring over a document's source, with the issuer and audience of the settings.
func NewKeyring(c Config, source token.Source) *token.Keyring {
	return token.NewKeyring(source, token.Config{Issuer: c.Issuer.String(), Audience: c.Audience})
}
