package app_test

import (
	stdcmp "cmp"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/jwk"
	"latchkey/internal/keyring"
	"latchkey/internal/secret"
)

func publicConfig(t *testing.T, set ...string) app.Config {
	t.Helper()
	config, err := app.ConfigFrom(deployedEnv(set...))
	check(t, err)
	return config
}

// deployedEnv is the environment of a deployed function, changed by names and values in turns.
func deployedEnv(set ...string) func(string) string {
	env := map[string]string{
		"STORE": "dynamodb:T", "KEYS": "secretsmanager:S", "ISSUER": "https://login.example.com",
	}
	for i := 0; i < len(set); i += 2 {
		env[set[i]] = set[i+1]
	}
	return func(name string) string { return env[strings.TrimPrefix(name, app.Prefix)] }
}

// newRing returns a ring's document and its JWK Set.
func newRing(t *testing.T) (document, jwks []byte) {
	t.Helper()
	ring, err := keyring.New(jwk.ES256, time.Now())
	check(t, err)
	document, err = ring.Marshal()
	check(t, err)
	jwks, err = ring.PublicJWKS()
	check(t, err)
	return document, jwks
}

// TestPublicFunctions promises that both start without a call to AWS, for every algorithm, and name wrong settings.
func TestPublicFunctions(t *testing.T) {
	for _, algorithm := range []string{"ES256", "HS256"} {
		if _, _, err := app.Keys(t.Context(), deployedEnv("ALGORITHM", algorithm), io.Discard); err != nil {
			t.Error(err)
		}
		if _, err := app.Authorizer(t.Context(), deployedEnv("ALGORITHM", algorithm), io.Discard); err != nil {
			t.Error(err)
		}
	}
	wrong := deployedEnv("STORE", "sqlite:users.db", "REVOCATION", "never")
	_, _, err := app.Keys(t.Context(), wrong, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "STORE") || strings.Contains(err.Error(), "REVOCATION") {
		t.Errorf("keys: %v", err)
	}
	_, err = app.Authorizer(t.Context(), wrong, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "STORE") || !strings.Contains(err.Error(), "REVOCATION") {
		t.Errorf("authorizer: %v", err)
	}
}

// TestPublicKeysOfTheRing promises the JWK Set of the ring, an error that says so if it is absent, and none if it is broken.
func TestPublicKeysOfTheRing(t *testing.T) {
	document, jwks := newRing(t)
	if got, err := app.RingPublicKeys(fixedSource(document)).Get(t.Context()); err != nil || string(got) != string(jwks) {
		t.Errorf("got %s, %v", got, err)
	}
	if got, err := app.RingPublicKeys(fixedSource("{}")).Get(t.Context()); !errors.Is(err, keyring.ErrNoRing) || got != nil {
		t.Errorf("no ring: %s, %v", got, err)
	}
	if got, err := app.RingPublicKeys(secret.File(t.TempDir() + "/none")).Get(t.Context()); !errors.Is(err, secret.ErrAbsent) || got != nil {
		t.Errorf("no file: %s, %v", got, err)
	}
}

// TestKeysFunction promises a 500 before the first keys are published, then the keys, and the last good ones if later ones
// must not be published.
func TestKeysFunction(t *testing.T) {
	kit := authtest.NewKit(t)
	ports := app.Ports{PublicKeys: app.CachedPublicKeys(app.StoredPublicKeys(kit.Store)), Log: slog.New(slog.DiscardHandler)}
	handler := app.KeysHandler(publicConfig(t), ports)
	get := func() (int, string) {
		rec := httptest.NewRecorder()
		handler.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/.well-known/jwks.json", nil))
		return rec.Code, rec.Body.String()
	}
	if status, body := get(); status != 500 || strings.Contains(body, "keys") {
		t.Errorf("before the first: %d %s", status, body)
	}
	document, jwks := newRing(t)
	check(t, kit.Store.PutPublicKeys(t.Context(), jwks))
	time.Sleep(time.Second) // what failed is tried again after that
	if status, body := get(); status != 200 || body != string(jwks) {
		t.Errorf("published: %d %s", status, body)
	}
	check(t, kit.Store.PutPublicKeys(t.Context(), document))
	ports.PublicKeys.Refresh(t.Context())
	if status, body := get(); status != 200 || body != string(jwks) {
		t.Errorf("the ring itself was put there: %d %s", status, body)
	}
}

// TestPublicCapacity promises what a decision and the keys cost on DynamoDB: the keys are read once a minute, a session and
// its user as often as REVOCATION says.
func TestPublicCapacity(t *testing.T) {
	spent := &ledger{}
	store, ada := meteredStore(t, spent), authtest.Ada()
	document, jwks := newRing(t)
	check(t, store.CreateUser(t.Context(), ada))
	check(t, store.PutPublicKeys(t.Context(), jwks))
	now := time.Now().UTC().Truncate(time.Second)
	check(t, store.PutSession(t.Context(), auth.Session{
		ID: "sid", UserID: ada.ID, Generation: 1, PasswordEpoch: ada.PasswordEpoch,
		CreatedAt: now, RotatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(time.Hour),
	}))
	config := publicConfig(t)
	raw, _, err := app.NewKeyring(config, fixedSource(document)).Sign(t.Context(), auth.Claims{
		ID: "jti", Subject: ada.ID, SessionID: "sid", IssuedAt: now, ExpiresAt: now.Add(time.Hour),
	})
	check(t, err)
	event := []byte(`{"type":"TOKEN","methodArn":"arn:aws:execute-api:eu-central-1:123456789012:a/b/GET/c","authorizationToken":"Bearer ` + raw + `"}`)
	for mode, want := range map[string][2]string{
		"off":     {"GetItem: 1 RRU, 0 WRU", ": 0 RRU, 0 WRU"},
		"bounded": {"GetItem, BatchGetItem: 3 RRU, 0 WRU", ": 0 RRU, 0 WRU"},
		"strict":  {"GetItem, BatchGetItem: 3 RRU, 0 WRU", "BatchGetItem: 2 RRU, 0 WRU"},
	} {
		authorizer := app.NewAuthorizer(publicConfig(t, "REVOCATION", mode), app.Ports{
			Store: store, PublicKeys: app.CachedPublicKeys(app.StoredPublicKeys(store)), Log: slog.New(slog.DiscardHandler),
		})
		for call, want := range want {
			spent.expect(want)
			if answer, err := authorizer.Invoke(t.Context(), event); err != nil || !strings.Contains(string(answer), "Allow") {
				t.Fatalf("%s: %s, %v", mode, answer, err)
			}
			if diff := cmp.Diff(want, spent.String()); diff != "" {
				t.Errorf("%s, call %d spent (-want +got):\n%s", mode, call+1, diff)
			}
		}
	}
}

// TestKeysFunctionCalls promises that the keys function warms up only the public keys, whichever algorithm signs: it has no right to read
// the ring. Its calls name the version in User-Agent.
func TestKeysFunctionCalls(t *testing.T) {
	var mutex sync.Mutex
	var calls, agents []string
	aws := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mutex.Lock()
		defer mutex.Unlock()
		calls, agents = append(calls, r.Header.Get("X-Amz-Target")), append(agents, r.Header.Get("User-Agent"))
		w.Write([]byte("{}"))
	}))
	t.Cleanup(aws.Close)
	environment := deployedEnv("ALGORITHM", "HS256")
	onLambda := map[string]string{
		"AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand", "AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
		"AWS_ENDPOINT_URL_DYNAMODB": aws.URL, "AWS_ENDPOINT_URL_SECRETS_MANAGER": aws.URL,
	}
	_, _, err := app.Keys(t.Context(), func(name string) string { return stdcmp.Or(onLambda[name], environment(name)) }, io.Discard)
	check(t, err)
	mutex.Lock()
	defer mutex.Unlock()
	for i, call := range calls {
		if call != "DynamoDB_20120810.GetItem" || !strings.Contains(agents[i], "latchkey/"+app.Version()) {
			t.Errorf("called %s as %s", call, agents[i])
		}
	}
	if len(calls) == 0 {
		t.Error("nothing was warmed up")
	}
}
