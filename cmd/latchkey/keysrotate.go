package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"latchkey/internal/app"
	"latchkey/internal/auth"
	"latchkey/internal/keyring"
)

func keysRotateCommand(c *cli) *cobra.Command {
	var now bool
	cmd := &cobra.Command{
		Use: "rotate", Short: "Let the next key sign, and announce another", Args: noArguments,
		Long: fmt.Sprintf(`Takes the ring in the file or secret named by --keys a step on: the next key signs, the current one only
verifies what it signed, and a new key of --algorithm is announced. Nobody is signed out.

A key has to be public for %s before it signs, because others keep the keys that they fetched for hours. Where it
has not been, the ring is left alone and the exit code is 1. --now does it all the same: others then refuse new
tokens until they fetch the keys again. On a laptop nobody does.`, hours(keyring.Lead)),
		Example: `  latchkey keys rotate
  latchkey keys rotate --keys secretsmanager:ARN --store dynamodb:TABLE   # which a deployment does by itself`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.changeKeys(cmd, auth.EventKeyRotate, func(config app.Config, p ringPlace, _ *auth.Change) (*keyring.Ring, error) {
				return rotateKeys(cmd, config, p, now)
			})
		},
	}
	cmd.Flags().BoolVar(&now, "now", false, "do not wait until others had time to learn the next key")
	addFlags(cmd, "ALGORITHM")
	return cmd
}

func rotateKeys(cmd *cobra.Command, config app.Config, p ringPlace, now bool) (*keyring.Ring, error) {
	tooSoon := false
	ring, err := p.change(cmd.Context(), func(ring *keyring.Ring, published []byte) (*keyring.Ring, error) {
		if ring == nil {
			return nil, noRing(config.Keys)
		}
		if now {
			return ring.RotateNow(config.Algorithm, time.Now())
		}
		rotated, changed, err := ring.Rotate(config.Algorithm, published, time.Now())
		tooSoon = !changed
		return rotated, err
	})
	if err == nil && tooSoon {
		err = told{fmt.Errorf("too soon: the next key signs from %s on, when others had time to learn it; the ring was left alone",
			moment(ring.RotatesFrom())), auth.ErrConflict}
	}
	return ring, err
}

func keysRevokeCommand(c *cli) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "revoke KID", Short: "Take a key out of the ring at once, in an emergency", Args: exactly("KID"),
		Long: `Takes the key out of the ring in the file or secret named by --keys, at once: every token that it signed is refused,
and whoever holds one has to refresh or sign in again. In place of the current key the next one signs. Our own
functions see it within 10 minutes; gateways that keep the keys they fetched take the old tokens, and may refuse the
new ones, for up to two hours. The KID is one that 'latchkey keys list' shows; where it begins with a hyphen, put
-- before it. Asks for --yes.`,
		Example: "  latchkey keys revoke --yes NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
		RunE: func(cmd *cobra.Command, args []string) error {
			if !yes {
				return usageError{errors.New("--yes is missing: every token that the key signed would be refused from now on")}
			}
			return c.changeKeys(cmd, auth.EventKeyRevoke, func(config app.Config, p ringPlace, change *auth.Change) (*keyring.Ring, error) {
				change.KeyID = args[0]
				return revokeKey(cmd, config, p, args[0])
			})
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do it")
	addFlags(cmd, "ALGORITHM")
	return cmd
}

func revokeKey(cmd *cobra.Command, config app.Config, p ringPlace, keyID string) (*keyring.Ring, error) {
	return p.change(cmd.Context(), func(ring *keyring.Ring, _ []byte) (*keyring.Ring, error) {
		if ring == nil {
			return nil, noRing(config.Keys)
		}
		revoked, err := ring.Revoke(keyID, config.Algorithm, time.Now())
		if err != nil {
			return nil, told{err, auth.ErrNotFound}
		}
		return revoked, nil
	})
}

// changeKeys changes keys that are in use, leaves the audit record, and prints what became of the ring.
func (c *cli) changeKeys(cmd *cobra.Command, event auth.Event, act func(app.Config, ringPlace, *auth.Change) (*keyring.Ring, error)) error {
	config, err := c.config(cmd)
	if err != nil {
		return usageError{err}
	}
	return c.audited(cmd, event, func(change *auth.Change) error {
		p, err := c.openRing(cmd, config)
		if err != nil {
			return err
		}
		defer p.Close()
		if p.unpublished() {
			return usageError{errors.New("--keys is a secret: --store dynamodb:TABLE has to say where functions find its public keys")}
		}
		ring, err := act(config, p, change)
		if err != nil {
			return err
		}
		if change.KeyID == "" {
			change.KeyID = currentKey(ring).ID
		}
		return c.printRing(ring)
	})
}

func noRing(at app.Location) error {
	return told{fmt.Errorf("%s holds no key ring yet; 'latchkey keys init' makes one", at), auth.ErrNotFound}
}

func hours(d time.Duration) string { return fmt.Sprintf("%.0f hours", d.Hours()) }
