package app

import (
	"context"
	"io"
	"log/slog"
	"net/http"

	"latchkey/internal/authorizer"
	"latchkey/internal/contract/discovery"
	"latchkey/internal/dynamo"
	"latchkey/internal/jwk"
	"latchkey/internal/web"
)

// Keys returns the handler of the keys function and its logger, as Login does for the login function. It reads
// only the published keys.
func Keys(ctx context.Context, getenv func(string) string, out io.Writer) (http.Handler, *slog.Logger, error) {
	c, p, err := public(ctx, "keys", getenv, out)
	if err != nil {
		return nil, nil, err
	}
	return KeysHandler(c, p), p.Log, nil
}

// KeysHandler returns the handler of the keys function: the public keys, and the discovery document.
func KeysHandler(c Config, p Ports) http.Handler {
	return Identified(keysRoutes(c, p))
}

func keysRoutes(c Config, p Ports) web.Routes {
	return discovery.Routes(discovery.Config{Issuer: c.Issuer.String(), PasskeyOrigins: c.PasskeyOrigins, Log: p.Log, Now: p.Now}, p.PublicKeys)
}

// Authorizer returns the authorizer function from the environment of a Lambda function. It reads the published keys
// and, unless REVOCATION is off, sessions; the key ring if ALGORITHM is HS256.
func Authorizer(ctx context.Context, getenv func(string) string, out io.Writer) (*authorizer.Authorizer, error) {
	c, p, err := public(ctx, "authorizer", getenv, out)
	if err != nil {
		return nil, err
	}
	return NewAuthorizer(c, p), nil
}

// NewAuthorizer returns the authorizer over the ports, of which it uses PublicKeys, or Tokens for HS256, and Store.
func NewAuthorizer(c Config, p Ports) *authorizer.Authorizer {
	return authorizer.New(authorizer.Config{
		Tokens: publicTokens(c, p), Sessions: p.Store, Rules: rules(c), Revocation: c.Revocation,
		Response: c.AuthorizerResponse, Log: p.Log, Now: p.Now,
	})
}

// public makes what the functions that only verify share, and opens their connection.
func public(ctx context.Context, function string, getenv func(string) string, out io.Writer) (Config, Ports, error) {
	c, err := deployedConfig(function, getenv)
	if err != nil {
		return Config{}, Ports{}, err
	}
	log := functionLogger(out, c.LogLevel)
	aws := dynamo.ForLogin(LambdaConfig(getenv))
	store := dynamo.New(aws, c.Store.Name)
	p := Ports{Store: store, PublicKeys: CachedPublicKeys(StoredPublicKeys(store)), Log: log}
	first := p.PublicKeys
	if c.Algorithm == jwk.HS256 {
		ring := CachedKeys(c.Keys, SecretKeys(aws, c.Keys.Name))
		p.Tokens, first = NewKeyring(c, ring), ring
	}
	warm(ctx, getenv, log, func(ctx context.Context) error {
		_, err := first.Get(ctx)
		return err
	})
	return c, p, nil
}
