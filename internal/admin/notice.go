package admin

import (
	"context"
	"fmt"
	"time"

	"latchkey/internal/auth"
)

// noticeLimit bounds how long an operation waits for the outbox.
const noticeLimit = 10 * time.Second

// tellUser asks for a mail to the user about what an operator did to the account. It is done already: a failure is only a warning.
func (a *Admin) tellUser(ctx context.Context, store Store, kind auth.MessageKind, u auth.User) {
	if a.Notify == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noticeLimit)
	defer cancel()
	if err := a.Notify(ctx, store, auth.Message{Kind: kind, UserID: u.ID}); err != nil {
		a.Warn(fmt.Errorf("it is done, and %s gets no mail about it: %w", u.Email, err))
	}
}
