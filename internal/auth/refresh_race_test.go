package auth_test

import (
	"context"
	"crypto/rand"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"latchkey/internal/auth"
	"latchkey/internal/authtest"
	"latchkey/internal/dynamo"
	"latchkey/internal/emulator"
)

func dynamoStore(t *testing.T) authtest.Store {
	t.Helper()
	s := dynamo.New(aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(emulator.DynamoDB(t)),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	}, "table-"+rand.Text())
	if err := s.CreateTable(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestParallelRefreshes promises that any number of tabs may refresh at once: each gets the one child, which works.
func TestParallelRefreshes(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*testing.T, *authtest.Kit) authtest.Store{
		"sqlite":   func(_ *testing.T, k *authtest.Kit) authtest.Store { return k.Store },
		"dynamodb": func(t *testing.T, _ *authtest.Kit) authtest.Store { return dynamoStore(t) },
	} {
		t.Run(name, func(t *testing.T) {
			k := authtest.NewKit(t)
			k.Clock.Advance(time.Since(k.Clock.Now())) // by the real clock, for a store may drop what has expired by it
			now := k.Clock.Now().Truncate(time.Millisecond)
			store := open(t, k)
			s := auth.Session{
				ID: "s1", UserID: "ada", Nonce: "nonce", Generation: 1, PasswordEpoch: 1,
				CreatedAt: now, RotatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(7 * day),
			}
			if err := store.CreateUser(t.Context(), authtest.Ada()); err != nil {
				t.Fatal(err)
			}
			if err := store.PutSession(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			sessions := auth.NewSessions(auth.Config{
				Store: store, Keys: k.Keyring, Tokens: k.Keyring, Audit: k.Log.Sink(), Log: k.Log.Logger(), Now: k.Clock.Now,
				Rules: auth.Rules{RefreshGrace: grace, SessionIdle: 7 * day, SessionMax: 90 * day},
			})
			token := genuine(t, k, s, s.Nonce)
			for generation := range int64(3) {
				k.Clock.Advance(time.Minute)
				token = refreshAtOnce(t, sessions, token)
				stored, err := store.Session(t.Context(), "ada", "s1")
				if err != nil || stored.Generation != generation+2 || !stored.RotatedAt.Equal(k.Clock.Now().Truncate(time.Millisecond)) {
					t.Errorf("round %d: error %v, stored %+v", generation, err, stored)
				}
			}
		})
	}
}

// refreshAtOnce presents one token 50 times and returns the child that all got.
func refreshAtOnce(t *testing.T, sessions *auth.Sessions, token string) (child string) {
	t.Helper()
	grants := make([]auth.Grant, 50)
	errs := make([]error, len(grants))
	var start, done sync.WaitGroup
	start.Add(1)
	for i := range grants {
		done.Go(func() {
			start.Wait()
			grants[i], errs[i] = sessions.Refresh(t.Context(), token, refreshSource(), day)
		})
	}
	start.Done()
	done.Wait()
	for i, g := range grants {
		if errs[i] != nil || g.RefreshToken == token || g.RefreshToken != grants[0].RefreshToken {
			t.Fatalf("caller %d: error %v, child %q, want %q", i, errs[i], g.RefreshToken, grants[0].RefreshToken)
		}
		if _, err := sessions.Authenticate(t.Context(), g.AccessToken); err != nil {
			t.Errorf("caller %d: its access token: %v", i, err)
		}
	}
	return grants[0].RefreshToken
}

// A replay that meets the rightful refresh, in whichever order, leaves no live family behind.
func TestAReplayMeetsARefresh(t *testing.T) {
	k := authtest.NewKit(t, users()...)
	sessions := k.Sessions(rules())
	for range 20 {
		first := signIn(t, k, attempt("ada"), profileTerms())
		second := mustRefresh(t, k, first.RefreshToken)
		k.Clock.Advance(time.Minute)
		var both sync.WaitGroup
		for _, token := range []string{first.RefreshToken, second.RefreshToken} {
			both.Go(func() {
				g, _ := sessions.Refresh(t.Context(), token, refreshSource(), day)
				keep(k, g)
			})
		}
		both.Wait()
		wantEnded(t, k, first.Session)
	}
}
