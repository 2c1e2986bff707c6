package factor

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"latchkey/internal/auth"
)

// Codes is auth.Codes over seeds that a vault seals.
type Codes struct{ vault Vault }

// NewCodes returns the codes over the ring and a source of seeds, crypto/rand.Reader outside of tests; it reads nothing yet.
func NewCodes(keys auth.Keys, random io.Reader) Codes { return Codes{NewVault(keys, random)} }

// Parse tells TOTP and recovery codes apart, as ParseCode does.
func (Codes) Parse(typed string) (totp, recovery string) {
	code := ParseCode(typed)
	return code.TOTP, code.Recovery
}

// Step opens the seed and returns the step of the code, or zero. A nil seed costs the same arithmetic and has no code.
func (c Codes) Step(ctx context.Context, userID string, sealed []byte, code string, at time.Time) (int64, error) {
	if sealed == nil {
		make(Seed, seedSize).Match(code, at)
		return 0, nil
	}
	seed, err := c.vault.Open(ctx, Stored, userID, sealed)
	if err != nil {
		return 0, fmt.Errorf("open the seed of user %s: %w", userID, err)
	}
	return Seed(seed).Match(code, at), nil
}

// pendingHead is the length of the fields before the name in a pending seed: when it expires, and the seed.
const pendingHead = 8 + seedSize

// NewPending seals a new seed together with its end and the factor's name, so that nothing is stored before it is confirmed.
func (c Codes) NewPending(ctx context.Context, userID, name string, until time.Time) (sealed []byte, secret string, err error) {
	seed, err := NewSeed(c.vault.random)
	if err != nil {
		return nil, "", err
	}
	text := append(binary.BigEndian.AppendUint64(nil, uint64(until.Unix())), seed...)
	sealed, err = c.vault.Seal(ctx, Pending, userID, append(text, name...))
	return sealed, seed.Base32(), err
}

// Confirm opens a pending seed and seals it for the store; see auth.Codes.
func (c Codes) Confirm(ctx context.Context, userID string, pending []byte, code string, at time.Time) (sealed []byte, name string, step int64, err error) {
	text, err := c.vault.Open(ctx, Pending, userID, pending)
	if errors.Is(err, ErrSealed) {
		return nil, "", 0, fmt.Errorf("open the pending seed: %w", auth.ErrNotFound)
	} else if err != nil {
		return nil, "", 0, err
	}
	if len(text) < pendingHead || at.Unix() >= int64(binary.BigEndian.Uint64(text)) {
		return nil, "", 0, fmt.Errorf("the pending seed's time is over: %w", auth.ErrNotFound)
	}
	seed := Seed(text[8:pendingHead])
	if step = seed.Match(ParseCode(code).TOTP, at); step == 0 {
		return nil, "", 0, nil
	}
	sealed, err = c.vault.Seal(ctx, Stored, userID, seed)
	return sealed, string(text[pendingHead:]), step, err
}

// NewRecovery returns ten new recovery codes of 80 random bits each, as users see them: four groups of four characters.
func (c Codes) NewRecovery() ([]string, error) { return NewRecoveryCodes(c.vault.random) }
