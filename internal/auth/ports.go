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
	FactorStore
	CodeStore
	DeviceStore
	DeviceAttempts
	Users
	UserBatches
	Clients
	PublicKeys
}

// LoginStore is what one sign-in needs of a store, in the order of the calls. Every read is consistent: it
// sees each write that was confirmed before it began. A failure of the store itself wraps ErrUnavailable.
// All methods may be called concurrently and stop when ctx ends.
type LoginStore interface {
	// LookUp reads in one round trip everything that is needed before the password is checked. Missing items are zero in the
	// result and not an error.
	LookUp(ctx context.Context, q LookupQuery) (LookupResult, error)
	// UserByID returns the user, or ErrNotFound after the same work.
	UserByID(ctx context.Context, userID string) (User, error)
	// PutSession stores a new session, or returns ErrConflict if its id is taken.
	PutSession(ctx context.Context, s Session) error
	// LimitSessions deletes the user's sessions of the API client, empty for those without one, except the keep ones with the
	// greatest ids.
	LimitSessions(ctx context.Context, userID, client string, keep int) error
	// ReplaceHash sets the user's password hash if it still equals old, else returns ErrConflict and changes
	// nothing. It adds one to Version and leaves the epoch and all other fields as they are.
	ReplaceHash(ctx context.Context, userID, old, new string) error
}

// LookupQuery asks for a user by identifier or by the handle of passkeys, a client by its API key's hash, counters and a remembered device
// by their names; empty fields ask for nothing.
type LookupQuery struct {
	Identifier Identifier
	Handle     string // Factors.Handle; not together with Identifier
	KeyHash    string
	Attempts   AttemptKeys
	Device     DeviceKey
}

// LookupResult is what the first read of a sign-in found; items that are missing or were not asked for are zero.
type LookupResult struct {
	UserID   string
	Client   Client
	Counters Counters
	Device   Device
}

// AttemptStore counts attempts to sign in. Each call is atomic, and no concurrent call is lost.
type AttemptStore interface {
	// CountAttempt stores next if the stored pair still equals seen. If it does not, but has fewer than free failures, it
	// adds one failure and takes next's LastAt. Else it returns ErrConflict and changes nothing. A missing pair is a zero one.
	CountAttempt(ctx context.Context, k AttemptKeys, seen, next Pair, free int64) error
	// UndoAttempt undoes CountAttempt: it stores seen's Failures and LastAt if the stored pair still equals counted, and
	// otherwise takes off one failure, if there is one.
	UndoAttempt(ctx context.Context, k AttemptKeys, counted, seen Pair) error
	// ClearAttempts sets the pair's failures to zero and its KnownUntil, whatever was stored before.
	ClearAttempts(ctx context.Context, k AttemptKeys, knownUntil time.Time) error
	// CountFailure counts one failure in the window of a user or of a source: k names one of the two. If next has another
	// Since than seen, and the stored window still has seen's, next replaces it: of concurrent callers one begins the new
	// window and the others count in it.
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

// Users is what operators need of the store. Each change is atomic and durable once confirmed: on disk
// for a file, on a quorum for DynamoDB. A failure of the store itself wraps ErrUnavailable.
type Users interface {
	// CreateUser adds a user with Version 1 and claims the identifier in the same step. It returns ErrConflict if the id or
	// the identifier is taken, and then writes nothing. A user that CheckNew refuses is refused.
	CreateUser(ctx context.Context, u User) error
	// UpdateUser replaces the user whose stored Version equals u.Version and adds one to it; a changed identifier moves in
	// the same step. It returns ErrConflict if the version differs or another user has the identifier, ErrNotFound if the
	// user is gone, and then writes nothing.
	UpdateUser(ctx context.Context, u User) error
	// UserByID returns the user or ErrNotFound.
	UserByID(ctx context.Context, userID string) (User, error)
	// UserByIdentifier returns the user or ErrNotFound.
	UserByIdentifier(ctx context.Context, id Identifier) (User, error)
	// DeleteUser deletes the user, frees the identifier in the same step, and ends the user's sessions; ErrNotFound if the
	// user is gone. After an error that wraps ErrUnavailable the user may be left without sessions, and no session works
	// without its user: call it again.
	DeleteUser(ctx context.Context, userID string) error
}

// UserBatches is the store of users for imports and exports. The users of one call have different ids and identifiers. Each
// is stored or refused separately, as by Users, and durable once confirmed.
type UserBatches interface {
	// CreateUsers adds each of the users as CreateUser does, and returns what that would return for each, in their order.
	CreateUsers(ctx context.Context, users []User) []error
	// UpdateUsers replaces each of the users as UpdateUser does, and returns what that would return for each, in their order.
	UpdateUsers(ctx context.Context, users []User) []error
	// Existing returns, for each user in order, the stored user with the same identifier, else the one with the same id,
	// else a zero User.
	Existing(ctx context.Context, users []User) ([]User, error)
	// AllUsers yields every user once, in no promised order, in bounded memory; users that change meanwhile may
	// appear as they were or as they are. It ends at the first error, which it yields.
	AllUsers(ctx context.Context) iter.Seq2[User, error]
}

// Clients is the store of API clients for operators; changes are atomic and durable.
type Clients interface {
	// CreateClient adds a client, or returns ErrConflict if its key hash is taken.
	CreateClient(ctx context.Context, c Client) error
	// AllClients returns every client, oldest first.
	AllClients(ctx context.Context) ([]Client, error)
	// DisableClient makes the key stop working at once, or returns ErrNotFound; a second call succeeds too.
	DisableClient(ctx context.Context, keyHash string) error
	// ExpireClient makes the key stop working at the time, replacing an earlier one, or returns ErrNotFound. A disabled
	// client stays disabled.
	ExpireClient(ctx context.Context, keyHash string, at time.Time) error
}

// SessionStore is the store of sessions once they are open. Reads are consistent; a failure of the store itself
// wraps ErrUnavailable. A session past its ExpiresAt may still be returned: callers check.
type SessionStore interface {
	// SessionAndUser reads a session and its user in one round trip, or returns ErrNotFound if either is missing.
	SessionAndUser(ctx context.Context, userID, sessionID string) (Session, User, error)
	// RotateSession stores next's Generation, RotatedAt, LastUsedAt and ExpiresAt if the stored generation still equals from.
	// Of concurrent calls exactly one wins; the others get ErrConflict and change nothing, and read again. ErrNotFound if the
	// session is gone: it is never created again.
	RotateSession(ctx context.Context, next Session, from int64) error
	// SessionsOf returns at most limit of the user's sessions, ordered by id from the greatest: those with ids less than
	// before, or from the first if before is empty.
	SessionsOf(ctx context.Context, userID, before string, limit int) ([]Session, error)
	// EndSession deletes the session, and returns no error if there is none.
	EndSession(ctx context.Context, userID, sessionID string) error
	// EndSessions deletes every session and every remembered device of the user, and returns no error if there is none. The
	// session named last goes after all others, so that a caller who has it can call again if this failed halfway.
	EndSessions(ctx context.Context, userID, last string) error
}

// Passwords does all hashing. Verify computes exactly one hash for a password in NFC and two for others, for every stored
// text: an empty, unrecognised or broken one costs a hash with the parameters of new hashes and does not match.
type Passwords interface {
	// Verify reports whether the password matches, and whether the stored hash is weaker than new hashes or of another
	// scheme. An error is never about the password: ctx ended, or no memory for hashing was free in time.
	Verify(ctx context.Context, stored, password string) (match, outdated bool, err error)
	// Hash makes a new hash for storing, as text.
	Hash(ctx context.Context, password string) (string, error)
}

// Keys is what the domain needs of the key ring. Errors of both methods wrap ErrUnavailable if the ring cannot be read.
type Keys interface {
	// Sign returns a signed token with the claims, and the id of the key that signed it.
	Sign(ctx context.Context, c Claims) (token, keyID string, err error)
	// MAC returns HMAC-SHA-256 over the label and the parts, each with its length, so that no two lists collide.
	MAC(ctx context.Context, label string, parts ...string) ([]byte, error)
}

// PublicKeys holds the public half of the key ring for functions that must not read the ring. A change of the ring is put
// here before it is used.
type PublicKeys interface {
	// PublicKeys returns the JWKS that was put last, read consistently, or ErrNotFound before the first.
	PublicKeys(ctx context.Context) ([]byte, error)
	// PutPublicKeys replaces the JWKS; durable once confirmed.
	PutPublicKeys(ctx context.Context, jwks []byte) error
}

// Verifier checks access tokens without the store: its caller has to look up whether the session has ended.
type Verifier interface {
	// Verify returns the claims of a valid token: signed by one of our keys for this service, and not expired. An error
	// wraps ErrUnavailable if the keys cannot be read; any other is about the token.
	Verify(ctx context.Context, token string) (Claims, error)
}

// Claims are the claims of an access token; the signer adds issuer, audience and scope (RFC 7519 4.1, RFC 8693 4.1).
type Claims struct {
	ID        string    // jti
	Subject   string    // sub: the user's id
	SessionID string    // sid
	Roles     []string  // roles: never nil in the token
	Org       string    // org: the selected account's organization, or empty
	Actor     string    // act.sub: the impersonator, or empty
	AMR       []string  // amr: how the caller was authenticated (RFC 8176)
	AuthTime  time.Time // auth_time: when; zero in tokens from before it was told

	IssuedAt, ExpiresAt time.Time // whole seconds
}
