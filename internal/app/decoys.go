package app

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"latchkey/internal/auth"
	"latchkey/internal/password"
)

// MaxDecoys is how many the setting DECOYS may have: each sign-in looks at all of them, and a Lambda function's variables have
// 4 KiB together.
const MaxDecoys = 16

// FormatDecoys returns the setting DECOYS as ConfigFrom reads it: WEIGHT*HASH, with spaces between the entries.
func FormatDecoys(decoys []auth.Decoy) string {
	var entries []string
	for _, d := range decoys {
		entries = append(entries, fmt.Sprintf("%d*%s", d.Weight, d.Hash))
	}
	return strings.Join(entries, " ")
}

// parseDecoys quotes nothing: a hash that somebody put there by hand may be a user's.
func parseDecoys(s string) ([]auth.Decoy, error) {
	var decoys []auth.Decoy
	for i, entry := range strings.Fields(s) {
		d, err := parseDecoy(entry)
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", i+1, err)
		}
		if slices.ContainsFunc(decoys, func(other auth.Decoy) bool { return other.Hash == d.Hash }) {
			return nil, fmt.Errorf("entry %d: the same hash stands before it", i+1)
		}
		decoys = append(decoys, d)
	}
	if len(decoys) > MaxDecoys {
		return nil, fmt.Errorf("has %d entries, at most %d are accepted", len(decoys), MaxDecoys)
	}
	return decoys, nil
}

func parseDecoy(entry string) (auth.Decoy, error) {
	digits, hash, _ := strings.Cut(entry, "*")
	weight, err := strconv.ParseUint(digits, 10, 20)
	if err != nil || weight < 1 {
		return auth.Decoy{}, errors.New("write WEIGHT*HASH with a whole number from 1, as 'latchkey users hashes' prints it")
	}
	return auth.Decoy{Hash: hash, Weight: int(weight)}, password.Check(hash)
}
