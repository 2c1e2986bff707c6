package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"latchkey/internal/auth"
)

// outboxStatements are the compiled statements of the queue of mails. All of its writes survive a power cut.
type outboxStatements struct {
	put, next, claim, finish, setAside, retry *sql.Stmt
}

func (o *outboxStatements) texts(s *Store) []statement {
	return []statement{
		{&o.put, s.durable, "INSERT INTO outbox (id, kind, user_id, dropped, attempts, due_at, set_aside) VALUES (?, ?, ?, ?, ?, ?, 0)"},
		{&o.next, s.readers, `SELECT id, kind, user_id, dropped, attempts FROM outbox
			WHERE set_aside = 0 AND due_at <= ? ORDER BY due_at LIMIT 1`},
		{&o.claim, s.durable, "UPDATE outbox SET attempts = attempts + 1, due_at = ? WHERE id = ? AND attempts = ? AND set_aside = 0"},
		{&o.finish, s.durable, "DELETE FROM outbox WHERE id = ?"},
		{&o.setAside, s.durable, "UPDATE outbox SET set_aside = 1 WHERE id = ?"},
		{&o.retry, s.durable, "UPDATE outbox SET set_aside = 0, attempts = 1, due_at = ? WHERE set_aside = 1"},
	}
}

// PutMessage is one statement, the same for every message.
func (s *Store) PutMessage(ctx context.Context, q auth.QueuedMessage, due time.Time) error {
	_, err := s.write(ctx, s.outbox.put, q.ID, string(q.Message.Kind), q.Message.UserID, q.Message.Drop, q.Attempts, due.UnixMilli())
	return failed("store the message", err)
}

// NextMessage reads one row by an index.
func (s *Store) NextMessage(ctx context.Context, now time.Time) (auth.QueuedMessage, error) {
	q, err := readOne(ctx, s.outbox.next, scanMessage, now.UnixMilli())
	if errors.Is(err, sql.ErrNoRows) {
		return q, fmt.Errorf("read the next message: %w", auth.ErrNotFound)
	}
	return q, failed("read the next message", err)
}

func scanMessage(r row) (q auth.QueuedMessage, err error) {
	err = r.Scan(&q.ID, (*string)(&q.Message.Kind), &q.Message.UserID, &q.Message.Drop, &q.Attempts)
	return q, err
}

// ClaimMessage is one statement, so that one of several processes wins.
func (s *Store) ClaimMessage(ctx context.Context, q auth.QueuedMessage, due time.Time) error {
	const action = "claim the message"
	changed, err := s.write(ctx, s.outbox.claim, due.UnixMilli(), q.ID, q.Attempts)
	if err == nil && changed == 0 {
		return fmt.Errorf("%s: %w", action, auth.ErrConflict)
	}
	return failed(action, err)
}

// FinishMessage is one statement.
func (s *Store) FinishMessage(ctx context.Context, id string) error {
	_, err := s.write(ctx, s.outbox.finish, id)
	return failed("remove the message", err)
}

// SetAsideMessage is one statement.
func (s *Store) SetAsideMessage(ctx context.Context, id string) error {
	_, err := s.write(ctx, s.outbox.setAside, id)
	return failed("set the message aside", err)
}

// RetryMessages makes every message that was set aside due at the time, and returns how many there were. They are not counted for
// their users again.
func (s *Store) RetryMessages(ctx context.Context, now time.Time) (int, error) {
	changed, err := s.write(ctx, s.outbox.retry, now.UnixMilli())
	return int(changed), failed("retry the messages", err)
}
