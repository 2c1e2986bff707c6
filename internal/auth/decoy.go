package auth

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
)

// Decoy is a hash that is verified when the identifier is unknown. Weight is its share among the weights of all decoys.
type Decoy struct {
	Hash   string
	Weight int
}

// decoyFor picks a decoy by the identifier's keyed hash, or returns "" if there are none (weighted rendezvous hashing,
// https://en.wikipedia.org/wiki/Rendezvous_hashing). It always picks the same one, because asking twice must not reveal
// unknown identifiers; a grown weight only draws identifiers to itself, as renewed hashes of users do.
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
