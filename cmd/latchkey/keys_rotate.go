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
			return c.changeKeys(cmd, auth.EventKeyRotate, func(config app.Config, p ringPlace, _ *auth.AuditRecord) (*keyring.Ring, error) {
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

// changeKeys changes keys that are in use, leaves the audit record, and prints what became of the ring.
func (c *cli) changeKeys(cmd *cobra.Command, event auth.Event, act func(app.Config, ringPlace, *auth.AuditRecord) (*keyring.Ring, error)) error {
	config, err := c.config(cmd)
	if err != nil {
		return usageError{err}
	}
	return c.audited(cmd, event, func(change *auth.AuditRecord) error {
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
