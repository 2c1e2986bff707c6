// Package secret is where key material comes from: a file or AWS Secrets Manager, the same bytes to
// either. It knows nothing of what the bytes mean, and no error of it holds any of them.
package secret

import "errors"

var (
	// ErrAbsent: there is no file, no secret, or no value in it yet.
	ErrAbsent = errors.New("secret: absent")
	// ErrChanged: what is stored is not what the caller has seen; nothing was written. Read again and decide anew.
	ErrChanged = errors.New("secret: changed meanwhile")
)

// maxSize is Secrets Manager's limit for a value, in bytes; files keep to it, so that any ring fits either.
const maxSize = 64 << 10
