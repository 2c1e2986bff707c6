// Package secret is where key material comes from: a file or AWS Secrets Manager, the same bytes to either, and a
// cache over both. It knows nothing of what the bytes mean, and no error of it holds any of them.
package secret

import (
	"context"
	"errors"
)

var (
	// ErrAbsent: there is no file, no secret, or no value in it yet.
	ErrAbsent = errors.New("secret: absent")
	// ErrChanged: what is stored is not what the caller has seen; nothing was written. Read again and decide anew.
	ErrChanged = errors.New("secret: changed meanwhile")
)

// maxSize is Secrets Manager's limit for a value, in bytes; files keep to it, so that any ring fits either.
const maxSize = 64 << 10

// Source is a place that holds one secret value, such as FileSource and SecretsManagerSource; Cached wraps any.
type Source interface {
	// Get returns the value, or ErrAbsent. It ends in bounded time of its own, and earlier where ctx does.
	Get(ctx context.Context) ([]byte, error)
}
