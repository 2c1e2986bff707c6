package app_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/google/go-cmp/cmp"

	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/dynamo"
	"latchkey/internal/emulator"
	"latchkey/internal/password"
	"latchkey/internal/token"
)

// TestLoginCapacity promises what a sign-in costs on DynamoDB, by either contract: two reads one after the other,
// the hash, and where it succeeds one round of writing. Refusals must not differ from each other in any of it.
func TestLoginCapacity(t *testing.T) {
	spent := &ledger{}
	handler, key := capacityHandler(t, spent, "off")
	const (
		succeeds = "GetItem, GetItem, hash, PutItem: 2 RRU, 1 WRU"
		refused  = "GetItem, GetItem, hash: 2 RRU, 0 WRU"
	)
	for _, test := range []struct {
		name, path, user, password, key string
		status                          int
		want                            string
	}{
		{"success", planpointLogin, "ada", authtest.Password, "", 200, succeeds},
		{"API key", planpointLogin, "ada", authtest.Password, key, 200, "BatchGetItem, GetItem, hash, PutItem: 3 RRU, 1 WRU"},
		{"rehash", planpointLogin, "old", authtest.Password, "", 200,
			"GetItem, GetItem, hash, PutItem + UpdateItem: 2 RRU, 2 WRU"},
		{"after the rehash", planpointLogin, "old", authtest.Password, "", 200, succeeds},
		{"unknown user", planpointLogin, "nobody", authtest.Password, "", 401, refused},
		{"wrong password", planpointLogin, "ada", "wrong", "", 401, refused},
		{"wrong password, old hash", planpointLogin, "weak", "wrong", "", 401, refused},
		{"pending", planpointLogin, "joan", authtest.Password, "", 401, refused},
		{"disabled", planpointLogin, "dorothy", authtest.Password, "", 401, refused},
		{"organization", organizationLogin, "grace", authtest.Password, "", 200, succeeds},
		{"organization, unknown user", organizationLogin, "nobody", authtest.Password, "", 200, refused},
		{"organization, wrong password", organizationLogin, "grace", "wrong", "", 200, refused},
		{"organization, pending", organizationLogin, "joan", authtest.Password, "", 200, refused},
		{"organization, wrong role", organizationLogin, "alan", authtest.Password, "", 200, refused},
	} {
		t.Run(test.name, func(t *testing.T) {
			spent.reset(strings.Count(test.want, "PutItem") + strings.Count(test.want, "UpdateItem"))
			body := fmt.Sprintf(`{"username": "%s@example.com", "email": "%[1]s@example.com", "password": %q}`, test.user, test.password)
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, test.path, strings.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Authorization", test.key)
			answer := httptest.NewRecorder()
			handler.ServeHTTP(answer, r)
			if answer.Code != test.status {
				t.Errorf("status %d, want %d: %s", answer.Code, test.status, answer.Body)
			}
			if diff := cmp.Diff(test.want, spent.String()); diff != "" {
				t.Errorf("spent (-want +got):\n%s", diff)
			}
		})
	}
}

const (
	planpointLogin    = "/api/users/login"
	organizationLogin = "/users/login"
)

// capacityHandler is the login function over DynamoDB Local, metered by the ledger, and an API key that it knows.
func capacityHandler(t *testing.T, spent *ledger, throttle string) (handler http.Handler, key string) {
	t.Helper()
	ctx, store := t.Context(), meteredStore(t, spent)
	hasher := password.New(password.Params{Memory: 64, Time: 1, Threads: 1}, 0)
	weaker := password.New(password.Params{Memory: 8, Time: 1, Threads: 1}, 0)
	for _, u := range capacityUsers() {
		by := hasher
		if u.ID == "old" || u.ID == "weak" {
			by = weaker
		}
		hash, err := by.Hash(ctx, authtest.Password)
		check(t, err)
		u.PasswordHash = hash
		check(t, store.CreateUser(ctx, u))
	}
	key = "lk_" + auth.NewID()
	check(t, store.CreateClient(ctx, auth.Client{KeyHash: auth.HashAPIKey(key), Name: "site", Kind: auth.ClientStandard}))

	config, err := app.ConfigFrom(func(name string) string {
		return map[string]string{
			"LATCHKEY_STORE": "dynamodb:T", "LATCHKEY_KEYS": "secretsmanager:S", "LATCHKEY_ISSUER": "https://login.example.com",
			"LATCHKEY_THROTTLE": throttle,
		}[name]
	})
	check(t, err)
	ring, err := token.NewRing(token.ES256, time.Now())
	check(t, err)
	document, err := ring.Marshal()
	check(t, err)
	return app.LoginHandler(config, app.Parts{
		Store: store, Tries: store, Passwords: meteredHash{hasher, spent}, Log: slog.New(slog.DiscardHandler),
		Keys: app.NewKeyring(config, fixedSource(document)),
	}), key
}

// meteredStore is a table of its own in DynamoDB Local.
func meteredStore(t *testing.T, spent *ledger) *dynamo.Store {
	t.Helper()
	cfg := dynamo.ForLogin(aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(emulator.DynamoDB(t)),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	})
	// Without the time-outs of a sign-in: on a busy machine a second try would be counted as a read too many.
	cfg.HTTPClient = meteredClient{awshttp.NewBuildableClient(), spent}
	cfg.APIOptions = append(cfg.APIOptions, spent.meter)
	store := dynamo.New(cfg, "table-"+rand.Text())
	check(t, store.CreateTable(t.Context()))
	return store
}

func capacityUsers() []auth.User {
	dorothy := authtest.NewUser("dorothy")
	dorothy.Status = auth.StatusDisabled
	return []auth.User{
		authtest.Ada(), authtest.Grace(), authtest.Alan(), authtest.Joan(), dorothy,
		authtest.NewUser("old"), authtest.NewUser("weak"),
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
