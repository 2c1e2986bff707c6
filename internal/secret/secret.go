// Package secret reads and writes key material in a file or in AWS Secrets Manager, as the same bytes. It does not know
// what the bytes mean, and its errors contain none of them.
package secret

import "errors"

var (
	// ErrAbsent: the file or secret does not exist, or has no value yet.
	ErrAbsent = errors.New("secret: absent")
	// ErrChanged: the stored value is not the one that the caller has seen; nothing was written. Read it and decide again.
	ErrChanged = errors.New("secret: changed meanwhile")
)

// maxSize is Secrets Manager's limit for a value, in bytes. Files obey it too, so that a ring fits into both.
const maxSize = 64 << 10
