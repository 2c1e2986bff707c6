package main

import (
	"cmp"
	"context"

	"github.com/spf13/cobra"

	"latchkey/internal/admin/bulk"
	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/awscall"
	"latchkey/internal/doctor"
	"latchkey/internal/keyring"
)

// expected is what the settings say about the deployment at the URL.
func (c *cli) expected(cmd *cobra.Command, config app.Config, base string) doctor.Config {
	want := doctor.Config{URL: base, Contracts: app.Contracts(config), Paths: app.Paths(config), Origins: config.AllowedOrigins}
	if c.isSet(cmd, app.Prefix+"ISSUER") {
		want.Issuer = config.Issuer.String()
	}
	if c.isSet(cmd, app.Prefix+"KEYS") {
		want.Ring = func(ctx context.Context) ([]keyring.KeyFacts, error) { return c.ringFacts(ctx, config.Keys) }
	}
	return want
}

// openStack reads the stack, and puts what it says in the place of what the settings say. The report has what went wrong.
func (c *cli) openStack(ctx context.Context, flags examination, want *doctor.Config) (doctor.Report, error) {
	aws, err := c.loadAWS(ctx)
	if err != nil {
		return doctor.Report{}, err
	}
	stack, err := doctor.OpenStack(ctx, awscall.Caller{AWS: aws, Endpoint: c.endpoint}, flags.stack)
	if err != nil {
		return doctor.Unreadable(err), nil
	}
	want.Stack, want.URL = stack, cmp.Or(want.URL, stack.Output("ApiUrl"))
	want.RotationDays, want.Issuer = stack.Number("RotationDays"), cmp.Or(want.Issuer, stack.Output("Issuer"))
	want.Source = doctor.Source{Repository: ".", Version: flags.attest}
	deployed, err := app.ConfigFrom(stack.Variable)
	if err != nil || !stack.Readable() {
		return doctor.Report{}, nil // the check of the functions says why
	}
	want.Certain, want.Weak = true, deployed.Warnings()
	want.Contracts, want.Paths, want.Origins = app.Contracts(deployed), app.Paths(deployed), deployed.AllowedOrigins
	want.CookieDomain, want.ThrottleFree = deployed.CookieDomain, int(deployed.Throttle.Free)
	want.Decoys, want.NewHash = deployed.Decoys, deployed.NewHasher().Describe()
	want.Ring = func(ctx context.Context) ([]keyring.KeyFacts, error) { return c.ringFacts(ctx, deployed.Keys) }
	if flags.census {
		want.Census = func(ctx context.Context) ([]auth.Decoy, error) { return c.neededDecoys(ctx, deployed) }
	}
	return doctor.Report{}, nil
}

func (c *cli) ringFacts(ctx context.Context, at app.Location) ([]keyring.KeyFacts, error) {
	place, err := c.openRing(ctx, app.Config{Keys: at})
	if err != nil {
		return nil, err
	}
	defer place.Close()
	ring, _, err := keyring.Load(ctx, place)
	if err != nil {
		return nil, err
	}
	return ring.Facts(), nil
}

// neededDecoys are those that 'latchkey users hashes' would print, none if all hashes are like new ones.
func (c *cli) neededDecoys(ctx context.Context, config app.Config) ([]auth.Decoy, error) {
	store, err := c.openStore(ctx, config.Store, false)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	census, err := bulk.CountHashes(store.AllUsers(ctx), config.NewHasher())
	if err != nil || len(census.Kinds) == 0 {
		return nil, err
	}
	decoys, _ := census.Decoys(fitDecoys)
	return decoys, nil
}

// endpoint returns the address of a service in the environment, as the SDK reads it; empty is AWS's own.
func (c *cli) endpoint(service string) string {
	id := map[string]string{
		"cloudformation": "CLOUDFORMATION", "lambda": "LAMBDA", "dynamodb": "DYNAMODB", "secretsmanager": "SECRETS_MANAGER",
		"monitoring": "CLOUDWATCH", "sns": "SNS", "ses": "SESV2", "apigateway": "API_GATEWAY",
	}[service]
	return cmp.Or(c.getenv("AWS_ENDPOINT_URL_"+id), c.getenv("AWS_ENDPOINT_URL"))
}
