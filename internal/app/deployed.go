package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/auth"
	"latchkey/internal/dynamo"
)

// warmLimit is how long the start of a function waits for its first connections. The first request opens those that
// are still missing.
const warmLimit = time.Second

// Login returns the handler of the login function from the environment of a Lambda function, and its logger, which
// writes to out. The error names every setting that is wrong.
func Login(ctx context.Context, getenv func(string) string, out io.Writer) (http.Handler, *slog.Logger, error) {
	c, p, err := deployed(ctx, "login", getenv, out)
	if err != nil {
		return nil, nil, err
	}
	if p, err = withPasswords(c, p); err != nil {
		return nil, nil, err
	}
	return LoginHandler(c, p), p.Log, nil
}

// withPasswords adds what the functions that check passwords need.
func withPasswords(c Config, p Ports) (Ports, error) {
	listed, err := c.ListedPasswords()
	p.Passwords, p.Listed = c.NewHasher(), listed
	return p, err
}

// Session returns the handler of the session function and its logger, as Login does for the login function.
func Session(ctx context.Context, getenv func(string) string, out io.Writer) (http.Handler, *slog.Logger, error) {
	c, p, err := deployed(ctx, "session", getenv, out)
	if err != nil {
		return nil, nil, err
	}
	return SessionHandler(c, p), p.Log, nil
}

// Account returns the handler of the account function and its logger, as Login does for the login function. Its caller has the verifier of
// passkeys, because no other function links one.
func Account(ctx context.Context, passkeys auth.Passkeys, getenv func(string) string, out io.Writer) (http.Handler, *slog.Logger, error) {
	c, p, err := deployed(ctx, "account", getenv, out)
	if err != nil {
		return nil, nil, err
	}
	if c.PasswordList, err = bundledList(getenv); err != nil {
		return nil, nil, err
	}
	if p, err = withPasswords(c, p); err != nil {
		return nil, nil, err
	}
	p.Passkeys = passkeys
	return AccountHandler(c, p), p.Log, nil
}

// deployed makes what the functions with the key ring share, and opens their connections.
func deployed(ctx context.Context, function string, getenv func(string) string, out io.Writer) (Config, Ports, error) {
	c, err := deployedConfig(function, getenv)
	if err != nil {
		return Config{}, Ports{}, err
	}
	log := functionLogger(out, c.LogLevel)
	for _, warning := range c.Warnings() {
		functionLogger(out, c.WarningLevel()).WarnContext(ctx, warning)
	}
	aws := dynamo.ForLogin(LambdaConfig(getenv))
	store := dynamo.New(aws, c.Store.Name)
	keys := CachedKeys(c.Keys, SecretKeys(aws, c.Keys.Name))
	warm(ctx, getenv, log, store.Warm, func(ctx context.Context) error {
		_, err := keys.Get(ctx)
		return err
	})
	ring := NewKeyring(c, keys)
	return c, Ports{
		Store: store, Keys: ring, Tokens: ring, Log: log, Metrics: NewMetrics(c, ring, out), Outbox: outbox(c, getenv),
	}, nil
}

// deployedConfig reads what the function uses, and refuses local places: a function has no disk to keep users or keys on.
func deployedConfig(function string, getenv func(string) string) (Config, error) {
	c, err := ConfigFor(function, getenv)
	if c.Store.IsLocal() {
		err = errors.Join(err, fmt.Errorf("%sSTORE: a function needs dynamodb:TABLE, not %q", Prefix, c.Store))
	}
	if c.Keys.IsLocal() {
		err = errors.Join(err, fmt.Errorf("%sKEYS: a function needs secretsmanager:ID, not %q", Prefix, c.Keys))
	}
	return c, err
}

// LambdaConfig takes region and credentials from where Lambda puts them. The SDK's own search for them, with its
// profiles and sign-in services, would be a fifth of the binary.
func LambdaConfig(getenv func(string) string) aws.Config {
	credentials := aws.Credentials{
		AccessKeyID: getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken: getenv("AWS_SESSION_TOKEN"), Source: "Lambda environment",
	}
	return WithUserAgent(aws.Config{
		Region: getenv("AWS_REGION"),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return credentials, nil
		}),
		ConfigSources: []any{endpoints{getenv}},
	})
}

// endpoints lets AWS_ENDPOINT_URL_… lead to local emulators, as it does in every AWS tool.
type endpoints struct{ getenv func(string) string }

// GetServiceBaseEndpoint returns the endpoint of a service; the SDK's clients call it on their configuration sources.
func (e endpoints) GetServiceBaseEndpoint(_ context.Context, sdkID string) (string, bool, error) {
	names := map[string]string{
		"DynamoDB":        "AWS_ENDPOINT_URL_DYNAMODB",
		"Secrets Manager": "AWS_ENDPOINT_URL_SECRETS_MANAGER",
	}
	url := e.getenv(names[sdkID])
	return url, url != "", nil
}

// warm runs the steps concurrently, and only on Lambda. The function starts even if a step fails, and the first request
// tries again.
func warm(ctx context.Context, getenv func(string) string, log *slog.Logger, steps ...func(context.Context) error) {
	if getenv("AWS_LAMBDA_INITIALIZATION_TYPE") == "" { // set only by Lambda
		return
	}
	ctx, cancel := context.WithTimeout(ctx, warmLimit)
	defer cancel()
	var all sync.WaitGroup
	for _, step := range steps {
		all.Go(func() {
			if err := step(ctx); err != nil {
				log.WarnContext(ctx, "not warmed up; the first request tries again", "error", err)
			}
		})
	}
	all.Wait()
}
