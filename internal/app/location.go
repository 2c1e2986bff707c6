package app

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"latchkey/internal/setting"
)

// The kinds of places where users and keys are kept.
const (
	SQLite         = "sqlite"
	DynamoDB       = "dynamodb"
	File           = "file"
	SecretsManager = "secretsmanager"
)

// Location names a place by its kind and its name there, written kind:name.
type Location struct{ Kind, Name string }

// String returns the location as it is written in a setting.
func (l Location) String() string { return l.Kind + ":" + l.Name }

// IsLocal reports whether the place is a file on this machine.
func (l Location) IsLocal() bool { return l.Kind == SQLite || l.Kind == File }

// Opener opens the place of one kind that has the name.
type Opener[T any] func(ctx context.Context, name string) (T, error)

// Open opens the location with the opener of its kind. The caller has the openers, because functions do not link all kinds.
func Open[T any](ctx context.Context, at Location, openers map[string]Opener[T]) (place T, err error) {
	open, found := openers[at.Kind]
	if !found {
		return place, fmt.Errorf("%s cannot be opened here", at)
	}
	return open(ctx, at.Name)
}

func location(kinds ...string) setting.Kind[Location] {
	return setting.Kind[Location]{Parse: func(s string) (Location, error) {
		kind, rest, _ := strings.Cut(s, ":")
		if !slices.Contains(kinds, kind) || rest == "" {
			return Location{}, setting.Wrong(s, strings.Join(kinds, ":NAME or ")+":NAME")
		}
		return Location{kind, rest}, nil
	}}
}
