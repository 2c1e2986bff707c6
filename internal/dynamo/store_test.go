package dynamo_test

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/dynamo"
	"latchkey/internal/emulator"
)

var _ authtest.Store = (*dynamo.Store)(nil)

// TestStore promises everything that auth's ports do, against DynamoDB Local.
func TestStore(t *testing.T) {
	t.Parallel()
	authtest.RunStore(t, func(t *testing.T) authtest.Store { s, _ := openRaw(t); return s })
}

// TestThrottle promises that sign-ins over DynamoDB Local are limited as auth says.
func TestThrottle(t *testing.T) {
	t.Parallel()
	authtest.RunThrottle(t, 5, func(t *testing.T) authtest.Store { s, _ := openRaw(t); return s })
}

// TestPasskeys promises that passkeys work over DynamoDB Local as over any store.
func TestPasskeys(t *testing.T) {
	t.Parallel()
	authtest.RunPasskeys(t, func(t *testing.T) authtest.Store { s, _ := openRaw(t); return s })
}

// TestMailed promises that links in mails work over DynamoDB Local as over any store.
func TestMailed(t *testing.T) {
	t.Parallel()
	authtest.RunMailed(t, func(t *testing.T) authtest.Store { s, _ := openRaw(t); return s })
}

// open returns a store over a new table of its own, and the wire between the two.
func open(t *testing.T) (*dynamo.Store, *wire) {
	t.Helper()
	w := &wire{next: plainClient()}
	s, _ := openOver(t, w)
	w.take()
	return s, w
}

// openRaw returns a store over a new table of its own, and the table as others see it.
func openRaw(t *testing.T) (*dynamo.Store, raw) {
	t.Helper()
	return openOver(t, plainClient())
}

func plainClient() aws.HTTPClient { return awshttp.NewBuildableClient() }

// openOver leaves out the sign-in's time-outs, for on a busy machine the emulator may take longer.
func openOver(t *testing.T, client aws.HTTPClient) (*dynamo.Store, raw) {
	t.Helper()
	cfg := config(emulator.DynamoDB(t))
	cfg.HTTPClient = client
	table := "table-" + rand.Text()
	s := dynamo.New(cfg, table)
	must(t, s.CreateTable(t.Context()))
	return s, raw{dynamodb.NewFromConfig(cfg), table}
}

func config(endpoint string) aws.Config {
	return dynamo.ForLogin(aws.Config{
		Region: "us-east-1", BaseEndpoint: &endpoint,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	})
}

// newSession returns a session as a sign-in with an API key makes it, under ids of the length that auth gives them.
func newSession(userID string) auth.Session {
	at := authtest.Start()
	return auth.Session{
		ID: "0123456789abcdefghijkl", UserID: userID, Nonce: "0123456789abcdefghijkl", Generation: 1, PasswordEpoch: 1,
		Contract: "organization", Org: "org-navy", AccessLife: time.Hour, Client: "0123456789abcdef", Source: "2001:db8:1234:5678::/64",
		CreatedAt: at, RotatedAt: at, LastUsedAt: at, ExpiresAt: at.Add(1500 * time.Millisecond),
	}
}

func newClient() auth.Client {
	return auth.Client{KeyHash: auth.HashAPIKey("key"), Name: "site", Kind: auth.ClientStandard, CreatedAt: authtest.Start()}
}

// calls makes one call of every method, for promises about all of them. Each names Ada or something of hers.
func calls(s *dynamo.Store) map[string]func(ctx context.Context) error {
	ada, client, session := authtest.Ada(), newClient(), newSession("ada")
	ada.Version = 1
	return map[string]func(ctx context.Context) error{
		"Warm": func(ctx context.Context) error { return s.Warm(ctx) },
		"LookUp": func(ctx context.Context) error {
			_, err := s.LookUp(ctx, auth.LookupQuery{Identifier: ada.Identifier})
			return err
		},
		"LookUp, key": func(ctx context.Context) error {
			_, err := s.LookUp(ctx, auth.LookupQuery{Identifier: ada.Identifier, KeyHash: client.KeyHash})
			return err
		},
		"UserByID":         func(ctx context.Context) error { _, err := s.UserByID(ctx, ada.ID); return err },
		"UserByIdentifier": func(ctx context.Context) error { _, err := s.UserByIdentifier(ctx, ada.Identifier); return err },
		"CreateUser":       func(ctx context.Context) error { return s.CreateUser(ctx, ada) },
		"UpdateUser":       func(ctx context.Context) error { return s.UpdateUser(ctx, ada) },
		"ReplaceHash":      func(ctx context.Context) error { return s.ReplaceHash(ctx, ada.ID, "$old$hash", "$new$hash") },
		"PutSession":       func(ctx context.Context) error { return s.PutSession(ctx, session) },
		"Session":          func(ctx context.Context) error { _, err := s.Session(ctx, ada.ID, session.ID); return err },
		"EndSessions":      func(ctx context.Context) error { return s.EndSessions(ctx, ada.ID, "") },
		"LimitSessions":    func(ctx context.Context) error { return s.LimitSessions(ctx, ada.ID, session.Client, 0) },
		"EndSession":       func(ctx context.Context) error { return s.EndSession(ctx, ada.ID, session.ID) },
		"SessionAndUser":   func(ctx context.Context) error { _, _, err := s.SessionAndUser(ctx, ada.ID, session.ID); return err },
		"SessionsOf":       func(ctx context.Context) error { _, err := s.SessionsOf(ctx, ada.ID, "", 1000); return err },
		"RotateSession":    func(ctx context.Context) error { return s.RotateSession(ctx, session, 1) },
		"PublicKeys":       func(ctx context.Context) error { _, err := s.PublicKeys(ctx); return err },
		"PutPublicKeys":    func(ctx context.Context) error { return s.PutPublicKeys(ctx, []byte("{}")) },
		"CountAttempt":     func(ctx context.Context) error { return s.CountAttempt(ctx, tries(), auth.Pair{}, pair(1), 5) },
		"UndoAttempt":      func(ctx context.Context) error { return s.UndoAttempt(ctx, tries(), pair(1), auth.Pair{}) },
		"ClearAttempts":    func(ctx context.Context) error { return s.ClearAttempts(ctx, tries(), authtest.Start()) },
		"CountFailure": func(ctx context.Context) error {
			return s.CountFailure(ctx, tries().OfUser(), auth.Window{}, window(1))
		},
		"UserAttempts":   func(ctx context.Context) error { _, _, err := s.UserAttempts(ctx, tries().User); return err },
		"ForgetAttempts": func(ctx context.Context) error { return s.ForgetAttempts(ctx, tries().User) },
		"CreateClient":   func(ctx context.Context) error { return s.CreateClient(ctx, client) },
		"DisableClient":  func(ctx context.Context) error { return s.DisableClient(ctx, client.KeyHash) },
		"AllClients":     func(ctx context.Context) error { _, err := s.AllClients(ctx); return err },
		"AllUsers": func(ctx context.Context) (err error) {
			for _, err = range s.AllUsers(ctx) {
			}
			return err
		},
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
