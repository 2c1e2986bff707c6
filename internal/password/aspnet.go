package password

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ASP.NET Core Identity stores PBKDF2 hashes in base64. Version 3 has a byte 1, then the function, the rounds and the salt's
// size as big-endian numbers of four bytes, then the salt and the digest. Version 2 has a byte 0, a salt of 16 bytes, a
// digest of 32, and always the same cost.
const (
	aspnet3Head   = 1 + 3*4
	aspnet2Salt   = 16
	aspnet2Size   = 1 + aspnet2Salt + 32
	aspnet2Length = 68 // of the text
	aspnet2Rounds = 1000
)

func parseASPNet3(stored string) (hash, error) {
	raw, err := padded(stored)
	if err != nil {
		return nil, err
	}
	if len(raw) < aspnet3Head { // the prefix has shown the version
		return nil, errors.New("has no head of version 3")
	}
	number := func(i int) uint32 { return binary.BigEndian.Uint32(raw[1+4*i:]) }
	function, rounds, saltSize, rest := number(0), number(1), number(2), raw[aspnet3Head:]
	if uint64(saltSize) > uint64(len(rest)) {
		return nil, fmt.Errorf("has %d bytes after its head, and the salt should have %d", len(rest), saltSize)
	}
	salt, digest := rest[:saltSize], rest[saltSize:]
	if err := checkSize("salt", len(salt), minSalt, maxSalt); err != nil {
		return nil, err
	}
	if err := checkSize("digest", len(digest), minDigest, maxDigest); err != nil {
		return nil, err
	}
	functions := [...]string{"sha1", "sha256", "sha512"}
	if function >= uint32(len(functions)) {
		return nil, fmt.Errorf("the function is number %d, accepted are 0 to 2", function)
	}
	return newPBKDF2(functions[function], rounds, salt, digest)
}

// isASPNet2 reports whether the text has the length of version 2, for its prefix says little.
func isASPNet2(stored string) bool { return len(stored) == aspnet2Length }

func parseASPNet2(stored string) (hash, error) {
	raw, err := padded(stored)
	if err != nil {
		return nil, err
	}
	if len(raw) != aspnet2Size || raw[0] != 0 {
		return nil, errors.New("has no head of version 2")
	}
	return newPBKDF2("sha1", aspnet2Rounds, raw[1:1+aspnet2Salt], raw[1+aspnet2Salt:])
}
