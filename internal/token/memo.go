package token

import (
	"bytes"
	"context"
	"fmt"
	"sync/atomic"

	"latchkey/internal/auth"
)

// Source provides a ring's document or a JWK Set. It is called often and concurrently, so it caches and has a cool-down
// between refreshes. The bytes never change after they were returned.
type Source interface {
	// Get returns the document, possibly a cached one.
	Get(ctx context.Context) ([]byte, error)
	// Refresh returns the current document, unless it was fetched very recently.
	Refresh(ctx context.Context) ([]byte, error)
}

// memo parses a source's document once, and again when its bytes change: parsing an RSA key costs as much as signing with it.
// All its errors are auth.ErrUnavailable.
type memo[T any] struct {
	source Source
	parse  func([]byte) (T, error)
	last   atomic.Pointer[parsed[T]]
}

// parsed is the result for the source's bytes; it does not change once stored.
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
