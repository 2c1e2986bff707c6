package app

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"latchkey/internal/cached"
	"latchkey/internal/keyring"
	"latchkey/internal/secret"
	"latchkey/internal/token"
)

// SecretKeys returns the secret that holds the key ring; nothing is called before it is read.
func SecretKeys(cfg aws.Config, id string) *secret.SecretsManagerSource {
	return secret.SecretsManager(secretsmanager.NewFromConfig(cfg), id)
}

// fileSoft is how old a ring from a file gets before it is read again: reading one is cheap.
const fileSoft = 10 * time.Second

// CachedKeys keeps the last good ring document of a source, so that a broken or emptied one ends no session.
func CachedKeys(at Location, source cached.Origin) *cached.Source {
	var soft time.Duration // the cache's own
	if at.IsLocal() {
		soft = fileSoft
	}
	return cached.New(source, cached.Config{Soft: soft, Validate: func(document []byte) error {
		_, err := keyring.Parse(document)
		return err
	}})
}

// NewKeyring returns the key ring over a document's source, with the issuer and audience of the settings.
func NewKeyring(c Config, source token.Source) *token.Keyring {
	return token.NewKeyring(source, keyring.Parse, token.Config{Issuer: c.Issuer.String(), Audience: c.Audience})
}
