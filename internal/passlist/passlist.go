// Package passlist knows the passwords that attackers try first, as a binary fuse filter of two bytes or so a password
// (https://arxiv.org/abs/2201.01174). It is a package of its own because the embedded list is linked only by the programs that
// ask for it. A filter never misses a listed password and takes one other in about 65,000 for one.
package passlist

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/FastFilter/xorfilter"
	"golang.org/x/text/unicode/norm"
)

// List answers whether a password is in it; it is safe for concurrent use.
type List struct {
	filter *xorfilter.BinaryFuse[uint16]
	count  uint64
}

// Contains reports whether the password is listed, exactly as it is written except for Unicode's composition (NFC).
func (l *List) Contains(password string) bool { return l.filter.Contains(keyOf(password)) }

// Len returns how many passwords the list was built from.
func (l *List) Len() uint64 { return l.count }

// keyOf returns the first 64 bits of the SHA-1 of the NFC text. Lists of leaked passwords are published as SHA-1, so that they
// can be built from without knowing the passwords; nothing here depends on its strength.
func keyOf(password string) uint64 {
	sum := sha1.Sum([]byte(norm.NFC.String(password)))
	return binary.BigEndian.Uint64(sum[:8])
}

// A file is the magic, the count, the filter as its library saves it, and a SHA-256 of all that.
const (
	magic   = "latchkey passwords 1\n"
	maxFile = 4 << 30
)

// ErrFormat says that a file is not a list, or is damaged.
var ErrFormat = errors.New("passlist: not a list made by 'latchkey passwords build', or a damaged one")

// Load reads a list that Build wrote. The error wraps ErrFormat for any other file.
func Load(r io.Reader) (*List, error) {
	file, err := io.ReadAll(io.LimitReader(r, maxFile))
	if err != nil {
		return nil, fmt.Errorf("read the list of passwords: %w", err)
	}
	body, isList := bytes.CutPrefix(file, []byte(magic))
	if !isList || len(body) < 8+sha256.Size {
		return nil, ErrFormat
	}
	end := len(file) - sha256.Size
	if sum := sha256.Sum256(file[:end]); !bytes.Equal(sum[:], file[end:]) {
		return nil, ErrFormat
	}
	filter, err := xorfilter.LoadBinaryFuse[uint16](bytes.NewReader(body[8 : len(body)-sha256.Size]))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return &List{filter: filter, count: binary.BigEndian.Uint64(body)}, nil
}
