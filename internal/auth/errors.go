package auth

import "errors"

// The ways a call can end other than well. Callers compare with errors.Is; each contract has one table from
// these to its statuses and bodies, and answers whatever is not in the table with its constant 500.
var (
	// ErrBadCredentials: the identifier is unknown or the password is wrong; callers must not tell which.
	ErrBadCredentials = errors.New("auth: wrong identifier or password")
	// ErrNotReady: the password was right and the user is pending or disabled; contracts answer as for a wrong password.
	ErrNotReady = errors.New("auth: user is not ready")
	// ErrWrongRole: the password was right and no account has a qualifying role; contracts answer as for a wrong password.
	ErrWrongRole = errors.New("auth: no account with a qualifying role")
	// ErrNoSession: the token is missing or not good, or its session has ended; signing in again is the way on.
	ErrNoSession = errors.New("auth: no session")
	// ErrImpersonation: the caller is who they say and may not act as the one they named, or not do this as them.
	ErrImpersonation = errors.New("auth: impersonation not allowed")
	// ErrThrottled: too many failures; refused before the password was looked at. The error is a *ThrottledError.
	ErrThrottled = errors.New("auth: too many failed sign-ins")
	// ErrUnknownClient: an API key was sent that is unknown or disabled, or a required one was not sent.
	ErrUnknownClient = errors.New("auth: unknown API client")
	// ErrConflict: an id or identifier is taken, or the item changed since it was read: read again and decide anew.
	ErrConflict = errors.New("auth: conflict")
	// ErrNotFound: no such user, session or client.
	ErrNotFound = errors.New("auth: not found")
	// ErrUnavailable: the store or the key source failed or was too slow: our fault, never the user's; try again later.
	ErrUnavailable = errors.New("auth: unavailable")
)
