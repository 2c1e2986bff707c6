package faults_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"latchkey/internal/app"
	"latchkey/internal/authtest"
	"latchkey/internal/cached"
	"latchkey/internal/emulator"
	"latchkey/internal/jwk"
	"latchkey/internal/keyring"
	"latchkey/internal/lambdahttp"
	"latchkey/internal/password"
	"latchkey/internal/token"
)

var getSecret = on("GetSecretValue")

// holding answers that the secret holds the value, in a new version.
func holding(value string) fault {
	return func(x exchange) {
		body := encoded(map[string]any{"Name": "latchkey", "SecretString": value, "VersionId": "another", "VersionStages": []string{"AWSCURRENT"}})
		x.pass(answer{http.StatusOK, http.Header{"Content-Type": {"application/x-amz-json-1.1"}}, []byte(body)})
	}
}

// secretFaults are the ways in which Secrets Manager fails; more of them look like correct answers than with DynamoDB.
func secretFaults() map[string]fault {
	all := faults()
	all["an empty ring"] = holding("{}")
	all["an empty secret"] = holding("")
	all["another's secret"] = holding(`{"username": "admin", "password": "hunter2"}`)
	all["half a ring"] = holding(`{"keys": [{"kty": "EC", "d": "c2VjcmV0"`)
	all["deleted"] = problem(400, "InvalidRequestException")
	all["absent"] = problem(400, "ResourceNotFoundException")
	return all
}

// TestColdStartWithoutSecret promises that a function that finds no key ring still starts, answers 500 by both
// contracts before its deadline and without calling DynamoDB, and works as soon as the ring can be read.
func TestColdStartWithoutSecret(t *testing.T) {
	t.Parallel()
	for name, f := range secretFaults() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := deploy(t)
			d.env["AWS_LAMBDA_INITIALIZATION_TYPE"] = "on-demand"
			d.secrets.spoil(getSecret, f, always)
			d.start()
			d.dynamo.count()
			wantFailure(t, d.signIn(authtest.Password), planpointFailure)
			wantFailure(t, d.signInToOrganization(authtest.Password), organizationFailure)
			wantFailure(t, d.refresh(reply{cookies: map[string]string{"planpointRefresh": d.anyRefreshToken()}}), planpointFailure)
			if n := d.dynamo.count(lookUp, rotate); n[0]+n[1] > 0 {
				t.Errorf("%d reads and %d rotations without a key", n[0], n[1])
			}
			d.wantAudit("login failed unavailable", "login failed unavailable", "refresh failed unavailable")
			d.secrets.heal()
			d.eventually(func() bool { return d.signIn(authtest.Password).status == http.StatusOK })
		})
	}
}

// anyRefreshToken returns a token of a session that another instance opened.
func (d *deployment) anyRefreshToken() string {
	d.Helper()
	other := deploy(d) // with the same keys
	other.user = d.user
	return other.start().signedIn().cookies["planpointRefresh"]
}

// eventually repeats the check while a fault may still be cached: a failed fetch is cached for a second.
func (d *deployment) eventually(ok func() bool) {
	d.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			d.Fatalf("it does not recover\n%s", d.log)
		}
	}
}

// TestColdStartIsBounded promises that a start waits at most about a second for a service that does not answer, and that
// Secrets Manager is called at most three times a second.
func TestColdStartIsBounded(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.env["AWS_LAMBDA_INITIALIZATION_TYPE"] = "on-demand"
	d.secrets.spoil(getSecret, hang, always)
	d.dynamo.spoil(on(""), hang, always)
	began := time.Now()
	d.start()
	if took := time.Since(began); took > 5*time.Second { // two functions, on a busy machine
		t.Errorf("started after %v", took)
	}
	d.secrets.count()
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { wantFailure(t, d.signIn(authtest.Password), planpointFailure) })
	}
	all.Wait()
	if n := d.secrets.count(getSecret)[0]; n > 6 { // at most two attempts each
		t.Errorf("%d calls for 20 sign-ins at once", n)
	}
}

// warm returns a deployment whose clock can be moved, so that its key ring gets old.
type warm struct {
	*deployment
	clock *authtest.Clock
}

func deployWarm(t *testing.T) warm {
	t.Helper()
	d := warm{deploy(t), authtest.NewClock()}
	d.clock.Advance(time.Since(d.clock.Now())) // DynamoDB deletes expired items by the real clock
	c, err := app.ConfigFrom(func(name string) string { return d.env[name] })
	d.must(err)
	secret, document := newSecret(t)
	t.Cleanup(func() { d.log.wantNone(t, document) })
	d.env["LATCHKEY_KEYS"] = "secretsmanager:" + secret
	d.secrets.heal()
	keys := cached.New(app.SecretKeys(awsConfig(d.secrets.url), secret), cached.Config{
		Now: d.clock.Now,
		Validate: func(document []byte) error {
			_, err := keyring.Parse(document)
			return err
		},
	})
	ring := token.NewKeyring(keys, keyring.Parse, token.Config{Issuer: c.Issuer.String(), Audience: c.Audience, Now: d.clock.Now})
	log := app.NewLogger(d.log, c.LogLevel)
	ports := app.Ports{
		Store: d.store, Keys: ring, Tokens: ring, Log: log, Now: d.clock.Now,
		Passwords: password.New(cheap(), 0),
	}
	d.login = lambdahttp.Wrap(app.LoginHandler(c, ports), lambdahttp.WithLogger(log))
	d.session = lambdahttp.Wrap(app.SessionHandler(c, ports), lambdahttp.WithLogger(log))
	return d
}

// TestWarmWithoutSecret promises that a function that has a key ring uses it while Secrets Manager fails in any
// way, for 6 hours, then answers 500 instead of refusing, and works again when the secret can be read.
func TestWarmWithoutSecret(t *testing.T) {
	t.Parallel()
	for name, f := range secretFaults() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := deployWarm(t)
			who := d.signedIn()
			d.secrets.spoil(getSecret, f, always)
			for range 2 { // older than the soft age, each time
				d.clock.Advance(11 * time.Minute)
				if who = d.refresh(who); who.status != http.StatusOK {
					t.Fatalf("refresh: %v\n%s", who, d.log)
				}
				d.signedIn()
			}
			if n := d.secrets.count(getSecret)[0]; n < 2 || n > 7 {
				t.Errorf("%d calls of Secrets Manager, want each of two attempts at most three times", n)
			}
			d.clock.Advance(6 * time.Hour)
			wantFailure(t, d.signIn(authtest.Password), planpointFailure)
			wantFailure(t, d.refresh(who), planpointFailure)
			wantFailure(t, d.as(who, "GET", "/api/users/me"), planpointFailure)
			d.secrets.heal()
			d.clock.Advance(2 * time.Second)
			if who = d.refresh(who); who.status != http.StatusOK {
				t.Errorf("afterwards: %v\n%s", who, d.log)
			}
			d.signedIn()
		})
	}
}

// TestOldSecret promises that a function that still reads the version before the last accepts tokens of functions that read
// the last, and they accept its tokens.
func TestOldSecret(t *testing.T) {
	t.Parallel()
	d := deployWarm(t)
	old := d.signedIn()
	was, is := d.rotate()
	d.clock.Advance(11 * time.Minute)
	recent := d.signedIn()
	d.secrets.spoil(getSecret, holding(was), always)
	d.clock.Advance(11 * time.Minute)
	late := d.signedIn()
	d.wantMe(old, recent, late)
	if recent = d.refresh(recent); recent.status != http.StatusOK {
		t.Errorf("refresh of a session from the last version: %v", recent)
	}
	d.secrets.spoil(getSecret, holding(is), always)
	d.clock.Advance(11 * time.Minute)
	d.wantMe(old, recent, late)
}

func (d warm) wantMe(all ...reply) {
	d.Helper()
	for i, who := range all {
		if got := d.as(who, "GET", "/api/users/me"); got.status != http.StatusOK {
			d.Errorf("token %d: %v\n%s", i, got, d.log)
		}
	}
}

// rotate rotates the keys of the secret and returns its value before and after.
func (d warm) rotate() (was, is string) {
	d.Helper()
	api := secretsmanager.NewFromConfig(awsConfig(emulator.SecretsManager(d)))
	id := aws.String(d.env["LATCHKEY_KEYS"][len("secretsmanager:"):])
	out, err := api.GetSecretValue(context.Background(), &secretsmanager.GetSecretValueInput{SecretId: id})
	d.must(err)
	ring, err := keyring.Parse([]byte(*out.SecretString))
	d.must(err)
	published, err := ring.PublicJWKS()
	d.must(err)
	d.clock.Advance(keyring.Lead + time.Hour)
	next, changed, err := ring.Rotate(jwk.ES256, published, d.clock.Now())
	if err != nil || !changed {
		d.Fatalf("rotated: %v, %v", changed, err)
	}
	document, err := next.Marshal()
	d.must(err)
	_, err = api.PutSecretValue(context.Background(), &secretsmanager.PutSecretValueInput{SecretId: id, SecretString: aws.String(string(document))})
	d.must(err)
	return *out.SecretString, string(document)
}
