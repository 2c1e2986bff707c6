package auth

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
)

// Decoy is a hash to verify for those who have none. Weight is its share, as a part of the weights of all decoys.
type Decoy struct {
	Hash   string
	Weight int
}

// decoyFor chooses one for a name, given its keyed hash, and the empty text where there are none. It is the same one each time,
// anywhere, or else asking twice would tell who is not there. Each decoy draws a waiting time of its own and the first one
// takes the name, so that where one grew at the cost of all others, names go only to that one: as those of users do, whose
// hashes are renewed.
func decoyFor(decoys []Decoy, identifierHash string) string {
	chosen, least := "", math.Inf(1)
	for _, d := range decoys {
		sum := sha256.Sum256([]byte(identifierHash + d.Hash))
		uniform := (float64(binary.BigEndian.Uint64(sum[:])>>11) + 0.5) / (1 << 53) // between 0 and 1
		if wait := -math.Log(uniform) / float64(d.Weight); wait < least {
			chosen, least = d.Hash, wait
		}
	}
	return chosen
}
