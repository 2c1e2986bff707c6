package auth

import (
	"context"
	"iter"
	"time"
)

// Store is everything that Latchkey asks of a store, in the small ports that its callers ask for.
type Store interface {
	LoginStore
	AttemptStore
	AttemptRecords
	SessionStore
	Users
	UserBatches
	Clients
	PublicKeys
}

// LoginStore is what one sign-in needs of a store, in the order of the calls. Every read is consistent: it
// sees each write that was confirmed before it began. A failure of the store itself wraps ErrUnavailable.
// All methods may be called concurrently and give up when ctx ends.
type LoginStore interface {
	// LookUp reads in one round trip all that is known before the password is looked at. What is not there is left zero and
	// is no error.
	LookUp(ctx context.Context, q LookupQuery) (LookupResult, error)
	// UserByID returns the user, or ErrNotFound after the same work.
	UserByID(ctx context.Context, userID string) (User, error)
	// PutSession stores a new session; an id that is taken is ErrConflict.
	PutSession(ctx context.Context, s Session) error
	// ReplaceHash sets the user's password hash where it still equals old, else returns ErrConflict and changes
	// nothing. It touches neither the epoch nor any other field, and makes Version grow by one.
	ReplaceHash(ctx context.Context, userID, old, new string) error
}

// LookupQuery asks for what is not empty: a user by identifier, a client by its API key's hash, counters by their names.
type LookupQuery struct {
	Identifier Identifier
	KeyHash    string
	Attempts   AttemptKeys
}

// LookupResult is what the first read of a sign-in found; what was not there or not asked for is zero.
type LookupResult struct {
	UserID   string
	Client   Client
	Counters Counters
}

// AttemptStore counts tries to sign in. Each call is atomic, and of concurrent calls none is lost.
type AttemptStore interface {
	// CountAttempt stores next where the stored pair still is as it was seen. Where it is not, but has fewer than free
	// failures, it adds one failure and takes next's LastAt. Else it returns ErrConflict and changes nothing. A pair
	// that is not stored is a zero one.
	CountAttempt(ctx context.Context, k AttemptKeys, seen, next Pair, free int64) error
	// UndoAttempt undoes CountAttempt: it stores seen's Failures and LastAt where the stored pair still is as it was counted,
	// and else takes one failure off, where there is one.
	UndoAttempt(ctx context.Context, k AttemptKeys, counted, seen Pair) error
	// ClearAttempts sets the pair's failures to none and its KnownUntil, whatever is stored.
	ClearAttempts(ctx context.Context, k AttemptKeys, knownUntil time.Time) error
	// CountFailure counts one failure in the window of a user or of a source: k names one of the two. Where next began
	// at another time than seen, and the stored window still began when seen did, next takes its place; of
	// concurrent callers one begins the new window and the others count in it.
	CountFailure(ctx context.Context, k AttemptKeys, seen, next Window) error
}

// AttemptRecords shows and forgets the counters of one user, named by AttemptKeys.User, for operators.
type AttemptRecords interface {
	// UserAttempts returns the user's window, and each pair by the hash of its source.
	UserAttempts(ctx context.Context, user string) (Window, map[string]Pair, error)
	// ForgetAttempts deletes the user's window and the failures of their pairs. Known sources stay known: otherwise a stranger
	// who goes on guessing would lock out the user who was just unlocked.
	ForgetAttempts(ctx context.Context, user string) error
	// ForgetSources makes every source unknown to the user again, and keeps their failures: after a theft the thief's source
	// is bound by the limits of strangers.
	ForgetSources(ctx context.Context, user string) error
}

// Users is the store as the people who run it use it. Each change is atomic and durable once confirmed: on disk
// for a file, on a quorum for DynamoDB. A failure of the store itself wraps ErrUnavailable.
type Users interface {
	// CreateUser adds a user with Version 1 and claims the identifier in the same step; ErrConflict where the id or
	// the identifier is taken, with nothing written.
	CreateUser(ctx context.Context, u User) error
	// UpdateUser replaces the user whose stored Version equals u.Version and makes it grow by one; a changed
	// identifier moves in the same step. ErrConflict where the version differs or the identifier is another's,
	// ErrNotFound where the user is gone; nothing is written then.
	UpdateUser(ctx context.Context, u User) error
	// UserByID returns the user or ErrNotFound.
	UserByID(ctx context.Context, userID string) (User, error)
	// UserByIdentifier returns the user or ErrNotFound.
	UserByIdentifier(ctx context.Context, id Identifier) (User, error)
	// DeleteUser deletes the user, frees the identifier in the same step, and ends the user's sessions; ErrNotFound where
	// the user is gone. An error that wraps ErrUnavailable may leave a user without sessions, and never sessions that
	// are of use without a user: doing it again is the way on.
	DeleteUser(ctx context.Context, userID string) error
}

// UserBatches is the store of users for those who move many at once. The users of one call have different ids and
// identifiers. Each is stored or not by itself, as Users has it, and durable once confirmed.
type UserBatches interface {
	// CreateUsers adds each of the users as CreateUser does, and returns what that would return for each, in their order.
	CreateUsers(ctx context.Context, users []User) []error
	// UpdateUsers replaces each of the users as UpdateUser does, and returns what that would return for each, in their order.
	UpdateUsers(ctx context.Context, users []User) []error
	// Existing returns for each of the users the stored one who has its identifier, else the stored one who has its id,
	// else a zero User, in their order.
	Existing(ctx context.Context, users []User) ([]User, error)
	// AllUsers yields every user once, in no promised order, in bounded memory; users that change meanwhile may
	// appear as they were or as they are. It ends at the first error, which it yields.
	AllUsers(ctx context.Context) iter.Seq2[User, error]
}

// Clients is the store of API clients as the people who run it use it; changes are atomic and durable.
type Clients interface {
	// CreateClient adds a client; ErrConflict where its key hash is taken.
	CreateClient(ctx context.Context, c Client) error
	// AllClients returns every client, oldest first.
	AllClients(ctx context.Context) ([]Client, error)
	// DisableClient makes the key stop working at once, or returns ErrNotFound; doing it twice is no error.
	DisableClient(ctx context.Context, keyHash string) error
	// ExpireClient makes the key stop working at the time, whatever was said before, or returns ErrNotFound. A disabled one
	// stays so.
	ExpireClient(ctx context.Context, keyHash string, at time.Time) error
}

// SessionStore is the store of sessions once they are open. Reads are consistent; a failure of the store itself
// wraps ErrUnavailable. A session past its ExpiresAt may still be returned: callers check.
type SessionStore interface {
	// SessionAndUser reads a session and its user in one round trip, or returns ErrNotFound where either is missing.
	SessionAndUser(ctx context.Context, userID, sessionID string) (Session, User, error)
	// RotateSession stores next's Generation, RotatedAt, LastUsedAt and ExpiresAt where the stored generation still
	// equals from. Of concurrent calls exactly one wins; the others get ErrConflict and change nothing, and read again.
	// ErrNotFound where the session is gone: it is never made anew.
	RotateSession(ctx context.Context, next Session, from int64) error
	// SessionsOf returns the user's sessions, in no promised order.
	SessionsOf(ctx context.Context, userID string) ([]Session, error)
	// EndSession deletes the session, and returns no error where there is none.
	EndSession(ctx context.Context, userID, sessionID string) error
	// EndSessions deletes every session of the user, and returns no error where there is none. The one named last goes
	// after all others, so that whoever has it can do so again where it failed halfway.
	EndSessions(ctx context.Context, userID, last string) error
}

// Passwords does all hashing. Verify computes exactly one hash for a password in NFC and two for others,
// whatever the stored text is: an empty, unrecognised or broken one costs a hash with the parameters of new ones and
// does not match.
type Passwords interface {
	// Verify reports whether the password matches, and whether the stored hash is weaker than new ones or of another scheme.
	// The error is never about the password: ctx ended, or no memory for hashing was free in time.
	Verify(ctx context.Context, stored, password string) (match, outdated bool, err error)
	// Hash makes a new hash for storing, as text.
	Hash(ctx context.Context, password string) (string, error)
}

// Keys is the key ring as the domain needs it. Both methods wrap ErrUnavailable where no ring can be had.
type Keys interface {
	// Sign returns a signed token with the claims, and the id of the key that signed it.
	Sign(ctx context.Context, c Claims) (token, keyID string, err error)
	// MAC returns HMAC-SHA-256 over the label and the parts, each with its length, so that no two lists collide.
	MAC(ctx context.Context, label string, parts ...string) ([]byte, error)
}

// PublicKeys is where the public half of the key ring is kept for those who must not read the ring. Whoever
// changes the ring puts it there before the change is used.
type PublicKeys interface {
	// PublicKeys returns the JWKS as it was last put, read consistently, or ErrNotFound before the first.
	PublicKeys(ctx context.Context) ([]byte, error)
	// PutPublicKeys replaces the JWKS; durable once confirmed.
	PutPublicKeys(ctx context.Context, jwks []byte) error
}

// Verifier checks access tokens by themselves: whether their session still stands is for its caller to look up.
type Verifier interface {
	// Verify returns the claims of a token that one of our keys signed for this service and that is in force. The error
	// wraps ErrUnavailable where no keys can be had; any other is about the token.
	Verify(ctx context.Context, token string) (Claims, error)
}

// Claims is what an access token says; the signer adds issuer, audience and scope (RFC 7519 4.1, RFC 8693 4.1).
type Claims struct {
	ID        string   // jti
	Subject   string   // sub: the user's id
	SessionID string   // sid
	Roles     []string // roles: never nil in the token
	Org       string   // org: the selected account's organization, or empty
	Actor     string   // act.sub: the impersonator, or empty

	IssuedAt, ExpiresAt time.Time // whole seconds
}
