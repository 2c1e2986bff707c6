package auth

import "errors"

// The errors of this package, for errors.Is. Each contract has one table from these to its statuses and bodies, and
// answers any other error with its constant 500.
var (
	// ErrBadCredentials: the identifier is unknown or the password is wrong; callers must not reveal which.
	ErrBadCredentials = errors.New("auth: wrong identifier or password")
	// ErrNotReady: the password was right and the user is pending or disabled; contracts answer as for a wrong password.
	ErrNotReady = errors.New("auth: user is not ready")
	// ErrWrongRole: the password was right and no account has a qualifying role; contracts answer as for a wrong password.
	ErrWrongRole = errors.New("auth: no account with a qualifying role")
	// ErrNoSession: the token is missing or invalid, or its session has ended; the client has to sign in again.
	ErrNoSession = errors.New("auth: no session")
	// ErrImpersonation: the caller has proved who they are, and may not act as the user they named or not do this as them.
	ErrImpersonation = errors.New("auth: impersonation not allowed")
	// ErrThrottled: too many failures; refused before the password was checked. The error is a *ThrottledError.
	ErrThrottled = errors.New("auth: too many failed sign-ins")
	// ErrUnknownClient: the API key is unknown or disabled, or a required one was not sent.
	ErrUnknownClient = errors.New("auth: unknown API client")
	// ErrConflict: an id or identifier is taken, or the item changed since it was read: read it again and decide again.
	ErrConflict = errors.New("auth: conflict")
	// ErrNotFound: no such user, session or client.
	ErrNotFound = errors.New("auth: not found")
	// ErrUnavailable: the store or the key source failed or was too slow: our fault, never the user's; try again later.
	ErrUnavailable = errors.New("auth: unavailable")
)

// refusal is a decision of the rules against the caller. Any other error that ends a sign-in or a session call is our fault.
type refusal struct {
	error         // for the contract: one of this package's errors
	reason Reason // for the audit: finer than what the client may know
}

// Unwrap makes errors.Is find the contract's error.
func (r *refusal) Unwrap() error { return r.error }

func refuse(err error, reason Reason) error { return &refusal{err, reason} }

// reasonOf returns the reason of a refusal, and false for any other error.
func reasonOf(err error) (Reason, bool) {
	var refused *refusal
	if !errors.As(err, &refused) {
		return "", false
	}
	return refused.reason, true
}

// reword returns a refusal as another one, with its reason: what is wrong with a challenge is told in the words of the call. Any other
// error stays as it is.
func reword(err, as error) error {
	if reason, refused := reasonOf(err); refused {
		return refuse(as, reason)
	}
	return err
}
