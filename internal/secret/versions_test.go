package secret_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"latchkey/internal/auth"
	"latchkey/internal/emulator"
	"latchkey/internal/secret"
)

const rotationToken = "0f9e8d7c-0000-4000-8000-123456789abc"

// rotating makes a secret whose rotation has begun, as Secrets Manager leaves it to the function: with an empty version
// that is AWSPENDING. Moto has made it by the time it finds that there is no such function.
func rotating(t *testing.T, api *secretsmanager.Client, value string) (id string) {
	t.Helper()
	id = "latchkey/" + auth.NewID()
	if _, err := api.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: &id, SecretString: &value}); err != nil {
		t.Fatal(err)
	}
	_, err := api.RotateSecret(t.Context(), &secretsmanager.RotateSecretInput{
		SecretId: &id, ClientRequestToken: aws.String(rotationToken),
		RotationLambdaARN: aws.String("arn:aws:lambda:eu-central-1:123456789012:function:none"),
		RotationRules:     &types.RotationRulesType{AutomaticallyAfterDays: aws.Int64(30)},
	})
	if _, missing := errors.AsType[*types.ResourceNotFoundException](err); !missing {
		t.Fatalf("RotateSecret: %v", err)
	}
	return id
}

// TestVersions promises the life of a version as a rotation leads it, in moto.
func TestVersions(t *testing.T) {
	api := client(emulator.SecretsManager(t))
	id := rotating(t, api, "ring 0")
	s := secret.NewVersions(api, id)
	labels, on, err := s.Versions(t.Context())
	if err != nil || !on || len(labels) != 2 || !slices.Equal(labels[rotationToken], []string{"AWSPENDING"}) {
		t.Fatalf("Versions = %v, %v, %v", labels, on, err)
	}
	var first string
	for version, own := range labels {
		if slices.Contains(own, "AWSCURRENT") {
			first = version
		}
	}
	if _, found, err := s.Value(t.Context(), rotationToken); found || err != nil {
		t.Errorf("the empty version: %v, %v", found, err)
	}
	for range 2 {
		if err := s.StorePending(t.Context(), rotationToken, []byte("ring 1")); err != nil {
			t.Fatal(err)
		}
	}
	for version, want := range map[string]string{first: "ring 0", rotationToken: "ring 1"} {
		if got, found, err := s.Value(t.Context(), version); string(got) != want || !found || err != nil {
			t.Errorf("Value(%s) = %q, %v, %v", version, got, found, err)
		}
	}
	wantValue(t, secret.SecretsManager(api, id).Get, "ring 0")
	if err := s.Promote(t.Context(), rotationToken, first); err == nil {
		t.Error("promotes where AWSCURRENT is not at the version it says")
	}
	if err := s.Promote(t.Context(), "", rotationToken); err == nil {
		t.Error("promotes where AWSCURRENT is somewhere and should be nowhere")
	}
	if err := s.Promote(t.Context(), first, rotationToken); err != nil {
		t.Fatal(err)
	}
	wantValue(t, secret.SecretsManager(api, id).Get, "ring 1")
	if err := s.Drop(t.Context(), rotationToken); err != nil {
		t.Fatal(err)
	}
	if err := s.Drop(t.Context(), rotationToken); err == nil {
		t.Error("dropped twice")
	}
	labels, _, err = s.Versions(t.Context())
	if err != nil || !slices.Equal(labels[rotationToken], []string{"AWSCURRENT"}) || !slices.Equal(labels[first], []string{"AWSPREVIOUS"}) {
		t.Errorf("Versions = %v, %v", labels, err)
	}
	byHand := secret.SecretsManager(api, id) // after a rotation, as before one
	put(t, byHand, []byte("ring 1"), "ring 2", nil)
	wantValue(t, byHand.Get, "ring 2")
	put(t, byHand, []byte("ring 2"), "ring 1", nil)
	wantValue(t, byHand.Get, "ring 1")
}

// TestPutBesideRotation promises that a rotation which ends between a person's look and their write is not undone.
func TestPutBesideRotation(t *testing.T) {
	api := client(emulator.SecretsManager(t))
	id := rotating(t, api, "ring 0")
	s := secret.NewVersions(api, id)
	if err := s.StorePending(t.Context(), rotationToken, []byte("ring 1")); err != nil {
		t.Fatal(err)
	}
	promote := func() {
		labels, _, err := s.Versions(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for version, own := range labels {
			if slices.Contains(own, "AWSCURRENT") {
				if err := s.Promote(t.Context(), version, rotationToken); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	put(t, secret.SecretsManager(after{api, promote}, id), []byte("ring 0"), "by hand", secret.ErrChanged)
	wantValue(t, secret.SecretsManager(api, id).Get, "ring 1")
}

// after does something once a value was read.
type after struct {
	secret.SecretsManagerAPI
	do func()
}

func (a after) GetSecretValue(ctx context.Context, in *secretsmanager.GetSecretValueInput, o ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	defer a.do()
	return a.SecretsManagerAPI.GetSecretValue(ctx, in, o...)
}

// TestPendingIsTaken promises that the value of a version stays, as the service says: moto would replace it.
func TestPendingIsTaken(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"__type":"ResourceExistsException","Message":"precious"}`)
	}))
	defer server.Close()
	err := secret.NewVersions(client(server.URL), "latchkey/ring").StorePending(t.Context(), "v1", []byte("precious"))
	if !errors.Is(err, secret.ErrChanged) || strings.Contains(err.Error(), "precious") {
		t.Error(err)
	}
}

// TestVersionsNotRotating promises that a secret without a schedule says so, and that binary values are values.
func TestVersionsNotRotating(t *testing.T) {
	api := client(emulator.SecretsManager(t))
	id := "latchkey/" + auth.NewID()
	if _, err := api.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: &id, SecretBinary: []byte("ring")}); err != nil {
		t.Fatal(err)
	}
	s := secret.NewVersions(api, id)
	labels, on, err := s.Versions(t.Context())
	if err != nil || on || len(labels) != 1 {
		t.Fatalf("Versions = %v, %v, %v", labels, on, err)
	}
	for version := range labels {
		if got, found, err := s.Value(t.Context(), version); string(got) != "ring" || !found || err != nil {
			t.Errorf("Value = %q, %v, %v", got, found, err)
		}
	}
	if _, _, err := secret.NewVersions(api, "latchkey/none").Versions(t.Context()); err == nil || errors.Is(err, secret.ErrAbsent) {
		t.Errorf("a secret that does not exist: %v", err)
	}
}

// TestVersionsFail promises an error for whatever the service says, and not a word of it: it quotes values.
func TestVersionsFail(t *testing.T) {
	for name, answer := range map[string]string{
		"denied":  `{"__type":"AccessDeniedException","Message":"precious"}`,
		"invalid": `{"__type":"InvalidParameterException","Message":"value precious at secretString","SecretString":"precious"}`,
		"key":     `{"__type":"DecryptionFailure","Message":"precious"}`,
		"no JSON": `precious`,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, answer)
		}))
		s := secret.NewVersions(client(server.URL), "latchkey/ring")
		_, _, versionsErr := s.Versions(t.Context())
		_, found, valueErr := s.Value(t.Context(), "v1")
		for call, err := range map[string]error{
			"Versions": versionsErr, "Value": valueErr,
			"StorePending": s.StorePending(t.Context(), "v1", []byte("precious")),
			"Promote":      s.Promote(t.Context(), "v0", "v1"), "Drop": s.Drop(t.Context(), "v1"),
		} {
			if err == nil || found || errors.Is(err, secret.ErrAbsent) {
				t.Errorf("%s, %s: %v", name, call, err)
			}
			if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), "precious") {
				t.Errorf("%s, %s: quotes the answer: %v", name, call, err)
			}
		}
		server.Close()
	}
}

// TestPutAfterFails promises an error without a word of the value, whichever of the two calls of a write fails.
func TestPutAfterFails(t *testing.T) {
	for _, failing := range []string{"PutSecretValue", "UpdateSecretVersionStage"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch call := r.Header.Get("X-Amz-Target"); {
			case strings.HasSuffix(call, failing):
				w.WriteHeader(http.StatusBadRequest)
				fmt.Fprint(w, `{"__type":"AccessDeniedException","Message":"precious"}`)
			case strings.HasSuffix(call, "GetSecretValue"):
				fmt.Fprint(w, `{"SecretString":"{}","VersionId":"v0"}`)
			default:
				fmt.Fprint(w, `{"VersionId":"v1"}`)
			}
		}))
		err := secret.SecretsManager(client(server.URL), "latchkey/ring").Put(t.Context(), []byte("{}"), []byte("precious"))
		if err == nil || errors.Is(err, secret.ErrChanged) || strings.Contains(err.Error(), "precious") {
			t.Errorf("%s fails: %v", failing, err)
		}
		server.Close()
	}
}
