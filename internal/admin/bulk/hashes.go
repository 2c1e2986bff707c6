package bulk

import (
	"cmp"
	"iter"
	"slices"

	"latchkey/internal/auth"
	"latchkey/internal/password"
)

// HashKind is a kind of hashes that cost the same to verify.
type HashKind struct {
	Hash  string `json:"hash"` // the scheme and what it costs
	Users int    `json:"users"`

	decoy string // a hash of the kind that belongs to nobody
}

// Census counts ready users by the cost of their hashes. Others cannot sign in, so timing reveals nothing about them.
type Census struct {
	Own   HashKind   // as new hashes are
	Kinds []HashKind // all others, the most frequent first
}

// CountHashes reads all users. A hash that cannot be read counts as a new one: verifying it costs the same.
func CountHashes(users iter.Seq2[auth.User, error], hasher *password.Hasher) (Census, error) {
	c := Census{Own: HashKind{Hash: hasher.Describe(), decoy: hasher.Decoy()}}
	found := map[string]HashKind{}
	for u, err := range users {
		if err != nil {
			return Census{}, err
		}
		if u.Status != auth.StatusReady {
			continue
		}
		about, err := password.Describe(u.PasswordHash)
		if err != nil || about == c.Own.Hash {
			c.Own.Users++
			continue
		}
		decoy, err := password.Scramble(u.PasswordHash)
		if err != nil {
			return Census{}, err
		}
		k, seen := found[about]
		if !seen || decoy < k.decoy { // of several sizes of salts always the same one
			k.decoy = decoy
		}
		k.Hash, k.Users = about, k.Users+1
		found[about] = k
	}
	for _, k := range found {
		c.Kinds = append(c.Kinds, k)
	}
	slices.SortFunc(c.Kinds, func(a, b HashKind) int {
		return cmp.Or(cmp.Compare(b.Users, a.Users), cmp.Compare(a.Hash, b.Hash))
	})
	return c, nil
}

// Decoys returns decoys in the shares of the census, per mille, and the rarest kinds that had to be left out to make them
// fit. New hashes get a tenth at least, for users who will sign in.
func (c Census) Decoys(fit func([]auth.Decoy) bool) (decoys []auth.Decoy, left []HashKind) {
	for kinds := c.Kinds; ; kinds = kinds[:len(kinds)-1] {
		total := 0
		for _, k := range kinds {
			total += k.Users
		}
		own := max(c.Own.Users, (total+8)/9) // a tenth of all
		total += own
		decoys = []auth.Decoy{{Hash: c.Own.decoy, Weight: perMille(own, total)}}
		for _, k := range kinds {
			decoys = append(decoys, auth.Decoy{Hash: k.decoy, Weight: perMille(k.Users, total)})
		}
		if len(kinds) == 0 || fit(decoys) {
			return decoys, c.Kinds[len(kinds):]
		}
	}
}

func perMille(part, whole int) int { return max(1, (1000*part+whole/2)/whole) }
