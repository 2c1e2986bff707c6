package admin

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"latchkey/internal/auth"
)

// AddClient creates a client and returns its API key, of which only a hash is kept.
func (a *Admin) AddClient(ctx context.Context, name string, kind auth.ClientKind) (key string, client auth.Client, err error) {
	err = a.create(ctx, auth.EventClientAdd, func(store Store, record *auth.AuditRecord) (err error) {
		key, client, err = CreateClient(ctx, store, name, kind, a.Now())
		record.ClientID = client.ID()
		return err
	})
	return key, client, err
}

// CreateClient stores a new client and returns its API key. It leaves no audit record: see AddClient.
func CreateClient(ctx context.Context, clients auth.Clients, name string, kind auth.ClientKind, at time.Time) (string, auth.Client, error) {
	var secret [32]byte
	rand.Read(secret[:]) // never fails: crypto/rand ends the process instead
	key := "lk_" + base64.RawURLEncoding.EncodeToString(secret[:])
	client := auth.Client{KeyHash: auth.HashAPIKey(key), Name: name, Kind: kind, CreatedAt: at}
	if err := clients.CreateClient(ctx, client); err != nil {
		return "", auth.Client{}, fmt.Errorf("add the client: %w", err)
	}
	return key, client, nil
}

// Clients returns every client, oldest first, disabled ones too. Their keys are stored, and so returned, only as
// hashes.
func (a *Admin) Clients(ctx context.Context) (clients []auth.Client, err error) {
	err = a.WithStore(ctx, func(store Store) error {
		clients, err = store.AllClients(ctx)
		return err
	})
	return clients, err
}

// DisableClient makes the client's key stop working at once; a second call succeeds too. An unknown id is
// auth.ErrNotFound.
func (a *Admin) DisableClient(ctx context.Context, id string) (client auth.Client, err error) {
	err = a.change(ctx, auth.EventClientDisable, func(store Store, record *auth.AuditRecord) (err error) {
		if client, err = findClient(ctx, store, id); err != nil {
			return err
		}
		record.ClientID = id
		if err := store.DisableClient(ctx, client.KeyHash); err != nil {
			return fmt.Errorf("disable the client: %w", err)
		}
		return nil
	})
	return client, err
}

// RotatedClient is what a rotation of a key left: the old client, the new one, and how long both keys work.
type RotatedClient struct {
	Old, New  auth.Client
	WorksTill time.Time // when the old key stops working; zero: it has
}

// RotateClient gives the client a new key, which deliver hands over; the old one ends after the overlap or at its own
// earlier end.
func (a *Admin) RotateClient(ctx context.Context, id string, overlap time.Duration, deliver func(key string) error) (r RotatedClient, err error) {
	// If deliver fails, the new key is lost: it is disabled, and the old one works on.
	err = a.change(ctx, auth.EventClientRotate, func(store Store, record *auth.AuditRecord) (err error) {
		if r.Old, err = findClient(ctx, store, id); err != nil {
			return err
		}
		record.ClientID = id
		if !r.Old.Works(a.Now()) {
			return explain(auth.ErrConflict, "the key of %s (%s) does not work any more; add another client", id, r.Old.Name)
		}
		key, next, err := CreateClient(ctx, store, r.Old.Name, r.Old.Kind, a.Now())
		if err != nil {
			return err
		}
		r.New, record.NextID = next, next.ID()
		if err := deliver(key); err != nil {
			return errors.Join(fmt.Errorf("%w; the old one works on", err), store.DisableClient(ctx, next.KeyHash))
		}
		if r.WorksTill, err = a.endClient(ctx, store, r.Old, overlap); err != nil {
			return fmt.Errorf("%s has a new key, %s, and the old one works on: disable it: %w", r.Old.Name, next.ID(), err)
		}
		return nil
	})
	return r, err
}

func (a *Admin) endClient(ctx context.Context, clients auth.Clients, old auth.Client, overlap time.Duration) (till time.Time, err error) {
	if overlap == 0 {
		return time.Time{}, clients.DisableClient(ctx, old.KeyHash)
	}
	till = a.Now().Add(overlap)
	if !old.ExpiresAt.IsZero() && old.ExpiresAt.Before(till) {
		till = old.ExpiresAt
	}
	return till, clients.ExpireClient(ctx, old.KeyHash, till)
}

func findClient(ctx context.Context, store auth.Clients, id string) (auth.Client, error) {
	clients, err := store.AllClients(ctx)
	if err != nil {
		return auth.Client{}, fmt.Errorf("look up the client: %w", err)
	}
	for _, client := range clients {
		if client.ID() == id {
			return client, nil
		}
	}
	return auth.Client{}, explain(auth.ErrNotFound, "there is no client %s; 'latchkey clients list' shows the ids", id)
}
