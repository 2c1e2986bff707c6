package secret_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"latchkey/internal/auth"
	"latchkey/internal/emulator"
	"latchkey/internal/secret"
)

func wantValue(t *testing.T, get func(context.Context) ([]byte, error), want string) {
	t.Helper()
	if got, err := get(t.Context()); err != nil || string(got) != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

func client(endpoint string) *secretsmanager.Client {
	return secretsmanager.New(secretsmanager.Options{
		Region: "eu-central-1", BaseEndpoint: &endpoint, RetryMaxAttempts: 9, Credentials: aws.CredentialsProviderFunc(
			func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
			}),
	})
}

// TestSecretsManager promises the life of a secret as `keys init` and a deployment see it, in moto.
func TestSecretsManager(t *testing.T) {
	api := client(emulator.SecretsManager(t))
	for name, prepare := range map[string]func(id string){
		"no secret": func(string) {},
		"no value": func(id string) {
			if _, err := api.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: &id}); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			id := "latchkey/" + auth.NewID()
			prepare(id)
			s := secret.SecretsManager(api, id)
			if _, err := s.Get(t.Context()); !errors.Is(err, secret.ErrAbsent) {
				t.Fatalf("Get = %v, want ErrAbsent", err)
			}
			put(t, s, []byte("{}"), "ring 0", secret.ErrChanged)
			put(t, s, nil, "{}", nil)
			put(t, s, nil, "ring 0", secret.ErrChanged)
			put(t, s, []byte("{}"), "ring 1", nil)
			put(t, s, []byte("{}"), "ring 2", secret.ErrChanged)
			wantValue(t, s.Get, "ring 1")
			put(t, s, []byte("ring 1"), "ring 2", nil)
			put(t, s, []byte("ring 2"), "ring 1", nil)
			put(t, s, []byte("ring 1"), "ring 3", nil)
			wantValue(t, s.Get, "ring 3")
		})
	}
}

func put(t *testing.T, s *secret.SecretsManagerSource, seen []byte, value string, want error) {
	t.Helper()
	if err := s.Put(t.Context(), seen, []byte(value)); !errors.Is(err, want) {
		t.Errorf("Put(%q, %q) = %v, want %v", seen, value, err, want)
	}
}

// TestCurrentVersion promises that Get reads AWSCURRENT and no version that a rotation prepares, binary or text.
func TestCurrentVersion(t *testing.T) {
	api := client(emulator.SecretsManager(t))
	id := "latchkey/" + auth.NewID()
	if _, err := api.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: &id, SecretBinary: []byte("ring")}); err != nil {
		t.Fatal(err)
	}
	if _, err := api.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{
		SecretId: &id, SecretString: aws.String("pending"), VersionStages: []string{"AWSPENDING"},
	}); err != nil {
		t.Fatal(err)
	}
	s := secret.SecretsManager(api, id)
	wantValue(t, s.Get, "ring")
	put(t, s, []byte("ring"), "ring 2", nil)
	wantValue(t, s.Get, "ring 2")
}

// TestSecretsManagerRace promises that of many who saw the same version one wins: the version's name decides,
// because all have read before the first writes.
func TestSecretsManagerRace(t *testing.T) {
	api := client(emulator.SecretsManager(t))
	for name, seen := range map[string][]byte{"absent": nil, "placeholder": []byte("{}")} {
		t.Run(name, func(t *testing.T) {
			id := "latchkey/" + auth.NewID()
			if seen != nil {
				put(t, secret.SecretsManager(api, id), nil, string(seen), nil)
			}
			const writers = 4
			var read, done sync.WaitGroup
			read.Add(writers)
			var winner atomic.Value
			for i := range writers {
				done.Go(func() {
					value := fmt.Sprintf("ring %d", i)
					s := secret.SecretsManager(&together{SecretsManagerAPI: api, read: &read}, id)
					switch err := s.Put(t.Context(), seen, []byte(value)); {
					case err == nil && !winner.CompareAndSwap(nil, value):
						t.Error("two winners")
					case err != nil && !errors.Is(err, secret.ErrChanged):
						t.Error(err)
					}
				})
			}
			done.Wait()
			if winner.Load() == nil {
				t.Fatal("nobody won")
			}
			wantValue(t, secret.SecretsManager(api, id).Get, winner.Load().(string))
		})
	}
}

// together holds every reader back until all have read for the first time.
type together struct {
	secret.SecretsManagerAPI
	read  *sync.WaitGroup
	first sync.Once
}

func (a *together) GetSecretValue(ctx context.Context, in *secretsmanager.GetSecretValueInput, o ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	out, err := a.SecretsManagerAPI.GetSecretValue(ctx, in, o...)
	a.first.Do(a.read.Done)
	a.read.Wait()
	return out, err
}

// TestSecretsManagerFails promises an error other than ErrAbsent after at most three attempts, and no text of the service's answer,
// which quotes values.
func TestSecretsManagerFails(t *testing.T) {
	const quoted = `{"__type":%q,"Message":"Value 'precious' at 'secretString' failed to satisfy constraint","SecretString":"precious"}`
	for _, tc := range []struct {
		name   string
		status int
		body   string
		tries  int32
		want   string
	}{
		{"denied", 400, fmt.Sprintf(quoted, "AccessDeniedException"), 1, "AccessDeniedException"},
		{"invalid", 400, fmt.Sprintf(quoted, "ValidationException"), 1, "ValidationException"},
		{"key disabled", 400, fmt.Sprintf(quoted, "DecryptionFailure"), 1, "DecryptionFailure"},
		{"throttled", 400, fmt.Sprintf(quoted, "ThrottlingException"), 3, "ThrottlingException"},
		{"down", 500, fmt.Sprintf(quoted, "InternalServiceError"), 3, "InternalServiceError"},
		{"proxy", 503, "<html>precious</html>", 3, ""},
		{"cut", 200, `{"SecretString":"precious`, 1, ""},
		{"number", 200, `{"SecretString":"precious","VersionId":5}`, 1, ""},
		{"no JSON", 200, `precious`, 1, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var tries atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				tries.Add(1)
				w.WriteHeader(tc.status)
				fmt.Fprint(w, tc.body)
			}))
			defer server.Close()
			got, err := secret.SecretsManager(impatient{client(server.URL)}, "latchkey/ring").Get(t.Context())
			if err == nil || errors.Is(err, secret.ErrAbsent) || got != nil {
				t.Fatalf("Get = %q, %v", got, err)
			}
			if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), "precious") || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("the error is %v", err)
			}
			if tries.Load() != tc.tries {
				t.Errorf("%d tries, want %d", tries.Load(), tc.tries)
			}
		})
	}
}

// impatient takes the SDK's back-off away, which is as long as a call may take.
type impatient struct{ *secretsmanager.Client }

func (a impatient) GetSecretValue(ctx context.Context, in *secretsmanager.GetSecretValueInput, o ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	return a.Client.GetSecretValue(ctx, in, append(o, func(o *secretsmanager.Options) { o.Retryer = atOnce{o.Retryer} })...)
}

type atOnce struct{ aws.Retryer }

func (atOnce) RetryDelay(int, error) (time.Duration, error) { return 0, nil }

// TestPutFails promises the same for writing, where the request holds the value, and that an ARN names no secret to make.
func TestPutFails(t *testing.T) {
	var created atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		switch call := r.Header.Get("X-Amz-Target"); {
		case strings.HasSuffix(call, "GetSecretValue"):
			fmt.Fprint(w, `{"__type":"ResourceNotFoundException"}`)
		case strings.HasSuffix(call, "PutSecretValue") && created.Load():
			fmt.Fprint(w, `{"__type":"InvalidParameterException","Message":"precious is too precious"}`)
		case strings.HasSuffix(call, "PutSecretValue"):
			fmt.Fprint(w, `{"__type":"ResourceNotFoundException"}`)
		default:
			fmt.Fprint(w, `{"__type":"LimitExceededException","Message":"precious"}`)
		}
	}))
	defer server.Close()
	for _, id := range []string{"latchkey/ring", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:latchkey-AbCdEf"} {
		for _, exists := range []bool{true, false} {
			created.Store(exists)
			err := secret.SecretsManager(client(server.URL), id).Put(t.Context(), nil, []byte("precious"))
			if err == nil || strings.Contains(err.Error(), "precious") {
				t.Errorf("Put to %s = %v", id, err)
			}
			if arn := strings.HasPrefix(id, "arn:"); errors.Is(err, secret.ErrAbsent) != (arn && !exists) {
				t.Errorf("Put to %s = %v", id, err)
			}
		}
	}
}

// TestCallTimeout promises an answer within two seconds from a service that gives none, and sooner where ctx ends.
func TestCallTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := secret.SecretsManager(silent{}, "latchkey/ring")
		for patience, want := range map[time.Duration]time.Duration{time.Minute: 2 * time.Second, time.Second: time.Second} {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			start := time.Now()
			if _, err := s.Get(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != want {
				t.Errorf("Get = %v after %v, want the deadline's error after %v", err, time.Since(start), want)
			}
			cancel()
		}
	})
}

// silent is a Secrets Manager that never answers.
type silent struct{ secret.SecretsManagerAPI }

func (silent) GetSecretValue(ctx context.Context, _ *secretsmanager.GetSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestEmptyAnswers promises that a success without a value is an error and not an absent secret, which keys init would
// fill, for every call.
func TestEmptyAnswers(t *testing.T) {
	for _, body := range []string{"", "\n", "null", "{}", `{"status":"ok"}`, "<html>"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, body) }))
		api := client(server.URL)
		s, versions := secret.SecretsManager(api, "latchkey/ring"), secret.NewVersions(api, "latchkey/ring")
		_, getErr := s.Get(t.Context())
		_, _, valueErr := versions.Value(t.Context(), "v1")
		calls := map[string]error{"Get": getErr, "Value": valueErr, "Put": s.Put(t.Context(), nil, []byte("precious"))}
		if body != `{"status":"ok"}` { // whose writes only the next read can tell from real ones
			calls["StorePending"] = versions.StorePending(t.Context(), "v1", []byte("precious"))
			calls["Promote"] = versions.Promote(t.Context(), "v0", "v1")
		}
		for call, err := range calls {
			if err == nil || errors.Is(err, secret.ErrAbsent) || errors.Is(err, secret.ErrChanged) {
				t.Errorf("%s answered with %q: %v", call, body, err)
			}
		}
		server.Close()
	}
}

// TestPutWithLostAnswers promises that a value counts as stored although the answers that said so were lost: a caller who
// was told otherwise would change the ring twice.
func TestPutWithLostAnswers(t *testing.T) {
	api := client(emulator.SecretsManager(t))
	id := "latchkey/" + auth.NewID()
	put(t, secret.SecretsManager(api, id), nil, "ring 1", nil)
	s := secret.SecretsManager(forgetful{api}, id)
	put(t, s, []byte("ring 1"), "ring 2", nil)
	wantValue(t, s.Get, "ring 2")
	put(t, s, []byte("ring 1"), "ring 3", secret.ErrChanged)
}

// forgetful is Secrets Manager behind a network that loses what it answers to a change of labels, so that the attempt after
// it is refused.
type forgetful struct{ *secretsmanager.Client }

func (f forgetful) UpdateSecretVersionStage(ctx context.Context, in *secretsmanager.UpdateSecretVersionStageInput, o ...func(*secretsmanager.Options)) (*secretsmanager.UpdateSecretVersionStageOutput, error) {
	if _, err := f.Client.UpdateSecretVersionStage(ctx, in, o...); err != nil {
		return nil, err
	}
	return f.Client.UpdateSecretVersionStage(ctx, in, o...)
}
