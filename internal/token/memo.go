package token

import (
	"bytes"
	"context"
	"fmt"
	"sync/atomic"

	"latchkey/internal/auth"
)

// Source is where a ring's document, or a JWK Set, comes from. It is called often and concurrently: caching and a
// cool-down between refreshes are its business. Nobody changes the bytes afterwards.
type Source interface {
	// Get returns the document, perhaps a little old.
	Get(ctx context.Context) ([]byte, error)
	// Refresh returns the document as it is now, unless it was fetched very recently.
	Refresh(ctx context.Context) ([]byte, error)
}

// memo parses what a source holds, once for as long as its bytes stay the same: parsing an RSA key costs as much as
// signing with it. All its errors are auth.ErrUnavailable.
type memo[T any] struct {
	source Source
	parse  func([]byte) (T, error)
	last   atomic.Pointer[parsed[T]]
}

// parsed is what became of the source's bytes; it does not change once stored.
type parsed[T any] struct {
	text  []byte
	value T
	err   error
}

func (m *memo[T]) get(ctx context.Context) (T, error) {
	return m.parsed(m.source.Get(ctx))
}

func (m *memo[T]) refresh(ctx context.Context) (T, error) {
	return m.parsed(m.source.Refresh(ctx))
}

func (m *memo[T]) parsed(text []byte, err error) (T, error) {
	var none T
	if err != nil {
		return none, fmt.Errorf("%w: get the keys: %w", auth.ErrUnavailable, err)
	}
	last := m.last.Load()
	if last == nil || !bytes.Equal(last.text, text) {
		value, err := m.parse(text)
		last = &parsed[T]{text, value, err}
		m.last.Store(last)
	}
	if last.err != nil {
		return none, fmt.Errorf("%w: %w", auth.ErrUnavailable, last.err)
	}
	return last.value, nil
}
