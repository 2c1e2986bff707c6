package auth

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// ClientKind decides what session a client's sign-ins get: see Terms.
type ClientKind string

// The two kinds of client; integration is what the planpoint contract calls Zapier.
const (
	ClientStandard    ClientKind = "standard"
	ClientIntegration ClientKind = "integration"
)

// Valid reports whether the kind is one of the two that stores and the CLI accept.
func (k ClientKind) Valid() bool { return k == ClientStandard || k == ClientIntegration }

// Client is the holder of one API key; the store keeps the key's hash and never the key.
type Client struct {
	KeyHash   string // HashAPIKey of the key: what sign-in looks up
	Name      string
	Kind      ClientKind
	Disabled  bool
	CreatedAt time.Time
	ExpiresAt time.Time // when the key stops working; zero: never
}

// Works reports whether sign-ins with the client's key are allowed at the time: it is neither disabled nor expired.
func (c Client) Works(at time.Time) bool {
	return !c.Disabled && (c.ExpiresAt.IsZero() || at.Before(c.ExpiresAt))
}

// ID returns the short public name of the client: the first 16 hex digits of its key's hash.
func (c Client) ID() string { return c.KeyHash[:min(16, len(c.KeyHash))] }

// HashAPIKey returns the lower-case hex SHA-256 of a key; enough for keys of 128 bits and more (ASVS 6.5.2).
func HashAPIKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}
