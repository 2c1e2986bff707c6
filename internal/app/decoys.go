package app

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"latchkey/internal/auth"
	"latchkey/internal/password"
	"latchkey/internal/setting"
)

// MaxDecoys is the most entries of the setting DECOYS: each sign-in looks at all of them, and all environment variables of
// a Lambda function share 4 KB.
const MaxDecoys = 16

// FormatDecoys returns the setting DECOYS as ConfigFrom reads it: WEIGHT*HASH, with spaces between the entries.
func FormatDecoys(decoys []auth.Decoy) string {
	var entries []string
	for _, d := range decoys {
		entries = append(entries, fmt.Sprintf("%d*%s", d.Weight, d.Hash))
	}
	return strings.Join(entries, " ")
}

// decoys is a list of WEIGHT*HASH. Which hashes are supported only the code knows.
func decoys() setting.Kind[[]auth.Decoy] {
	const entry = `[1-9][0-9]{0,5}\*[!-~]+`
	return setting.Kind[[]auth.Decoy]{Parse: parseDecoys, Pattern: `^ *(` + entry + `( +` + entry + `){0,15})? *$`}
}

// parseDecoys never quotes an entry: a hash that was put there by hand may be a user's.
func parseDecoys(s string) ([]auth.Decoy, error) {
	var decoys []auth.Decoy
	for i, entry := range strings.Fields(s) {
		d, err := parseDecoy(entry)
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", i+1, err)
		}
		if slices.ContainsFunc(decoys, func(other auth.Decoy) bool { return other.Hash == d.Hash }) {
			return nil, fmt.Errorf("entry %d: it repeats the hash of an earlier entry", i+1)
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
