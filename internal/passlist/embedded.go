package passlist

import (
	"bytes"
	_ "embed" // for the list
	"fmt"
)

// The passwords of Django's list and of zxcvbn's, 55,869 in all; testdata/common.txt.gz has them, most frequent first, and
// NOTICE their licences. TestEmbedded builds the filter again and compares.
//
//go:embed common.bin
var common []byte

// Embedded returns the list that is part of the program; reading it takes less than a millisecond.
func Embedded() (*List, error) {
	list, err := Load(bytes.NewReader(common))
	if err != nil {
		return nil, fmt.Errorf("read the embedded list: %w", err)
	}
	return list, nil
}
