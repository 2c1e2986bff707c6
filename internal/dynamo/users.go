package dynamo

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"latchkey/internal/auth"
)

var (
	errUserID     = errors.New("a user's id has 1 to 2,043 bytes of UTF-8")
	errIdentifier = errors.New("a user has an identifier")
)

// CreateUser puts the user and the pointers of identifier and handle in one transaction.
func (s *Store) CreateUser(ctx context.Context, u auth.User) error {
	const action = "create the user"
	if err := auth.CheckNew(u); err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	u.Version = 1
	it, err := userItem(u)
	if err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	return s.commit(ctx, action, append(s.moveHandle(u.ID, "", u.Factors.Handle), s.putNew(it), s.putNew(pointer(u)))...)
}

// UpdateUser reads first, to know which pointer to delete if the identifier changed; the write's conditions make sure that
// nothing else changed meanwhile.
func (s *Store) UpdateUser(ctx context.Context, u auth.User) error {
	const action = "update the user"
	stored, err := s.UserByID(ctx, u.ID)
	if err != nil {
		return err
	}
	if stored.Version != u.Version {
		return auth.ErrConflict
	}
	u.Version++
	u.Factors = stored.Factors
	it, err := userItem(u)
	if err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	writes := []types.TransactWriteItem{{Put: &types.Put{
		TableName: &s.table, Item: it,
		ConditionExpression: aws.String("version = :version AND identifier = :identifier"),
		ExpressionAttributeValues: item{
			":version": number(stored.Version), ":identifier": text(stored.Identifier.String()),
		},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}}}
	if u.Identifier != stored.Identifier {
		old := loginKey(stored.Identifier)
		writes = append(writes, s.putNew(pointer(u)),
			types.TransactWriteItem{Delete: &types.Delete{TableName: &s.table, Key: old.item()}})
	}
	return s.commit(ctx, action, writes...)
}

// DeleteUser ends the sessions before it deletes the user, so that a failure leaves a user who can be deleted again, and
// once more after it, for sign-ins in between.
func (s *Store) DeleteUser(ctx context.Context, userID string) error {
	if err := s.EndSessions(ctx, userID, ""); err != nil {
		return err
	}
	err := s.deleteUser(ctx, userID)
	for range attempts - 1 {
		if !errors.Is(err, auth.ErrConflict) { // the identifier or the handle may have moved
			break
		}
		err = s.deleteUser(ctx, userID)
	}
	if err != nil {
		return err
	}
	return s.EndSessions(ctx, userID, "")
}

// deleteUser deletes the user and the pointers in one transaction.
func (s *Store) deleteUser(ctx context.Context, userID string) error {
	u, err := s.UserByID(ctx, userID)
	if err != nil {
		return err
	}
	k, _ := userKey(userID) // valid: the user was read
	return s.commit(ctx, "delete the user", append(s.moveHandle(userID, u.Factors.Handle, ""),
		types.TransactWriteItem{Delete: &types.Delete{
			TableName: &s.table, Key: k.item(),
			ConditionExpression:                 aws.String("version = :version"),
			ExpressionAttributeValues:           item{":version": number(u.Version)},
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		}},
		types.TransactWriteItem{Delete: &types.Delete{TableName: &s.table, Key: loginKey(u.Identifier).item()}},
		types.TransactWriteItem{Delete: &types.Delete{TableName: &s.table, Key: factorsKey(userID).item()}})...)
}

// UserByID reads one item: 1 RRU for up to 4 KB of user.
func (s *Store) UserByID(ctx context.Context, userID string) (auth.User, error) {
	k, ok := userKey(userID)
	if !ok {
		return auth.User{}, auth.ErrNotFound
	}
	return read(ctx, s, "read the user", k, userFrom)
}

// UserByIdentifier reads the pointer, then the user. A user whose identifier moves between the two reads is not found.
func (s *Store) UserByIdentifier(ctx context.Context, id auth.Identifier) (auth.User, error) {
	found, err := s.LookUp(ctx, auth.LookupQuery{Identifier: id})
	if err != nil {
		return auth.User{}, err
	}
	u, err := s.UserByID(ctx, found.UserID)
	if err != nil {
		return auth.User{}, err
	}
	if u.Identifier != id {
		return auth.User{}, auth.ErrNotFound
	}
	return u, nil
}

// AllUsers scans the table in pages of at most 1 MB, and yields each user once, because keys do not change.
func (s *Store) AllUsers(ctx context.Context) iter.Seq2[auth.User, error] {
	// It pays for sessions too: an index of users would make every write to a user more expensive, and listings are
	// rare.
	const action = "list the users"
	return func(yield func(auth.User, error) bool) {
		pages := dynamodb.NewScanPaginator(s.client, &dynamodb.ScanInput{
			TableName: &s.table, ConsistentRead: aws.Bool(true),
			FilterExpression:          aws.String("sk = :user"),
			ExpressionAttributeValues: item{":user": text(userSort)},
		})
		for pages.HasMorePages() {
			var page *dynamodb.ScanOutput
			err := retryThrottled(ctx, func() (err error) {
				page, err = pages.NextPage(ctx) // after an error the same page again
				return err
			})
			if err != nil {
				yield(auth.User{}, unavailable(action, err))
				return
			}
			for _, it := range page.Items {
				u, err := decode(action, it, userFrom)
				if !yield(u, err) || err != nil {
					return
				}
			}
		}
	}
}

// pointer is the item that maps the user's identifier to the user and makes the identifier unique.
func pointer(u auth.User) item {
	it := loginKey(u.Identifier).item()
	it.setText("userId", u.ID)
	return it
}

func userItem(u auth.User) (item, error) {
	k, ok := userKey(u.ID)
	if !ok {
		return nil, errUserID
	}
	if u.Identifier.IsZero() {
		return nil, errIdentifier
	}
	it := k.item()
	it.setText("email", u.Email)
	it.setText("identifier", u.Identifier.String())
	it["passwordHash"] = text(u.PasswordHash) // even if empty: ReplaceHash compares with it
	it.setText("status", string(u.Status))
	it.setText("role", u.Role)
	it.setText("locale", u.Locale)
	if u.Activate {
		it["activate"] = flag(true)
	}
	it.setNumber("passwordEpoch", u.PasswordEpoch)
	it.setNumber("version", u.Version)
	it.setTime("createdAt", u.CreatedAt)
	it.setTime("updatedAt", u.UpdatedAt)
	accounts := append([]auth.Account{}, u.Accounts...) // never null
	if !u.Factors.IsZero() {
		if err := it.setJSON("factors", u.Factors); err != nil {
			return nil, err
		}
	}
	return it, errors.Join(it.setJSON("profile", u.Profile), it.setJSON("accounts", accounts), it.checkSize())
}

func userFrom(f *fields) auth.User {
	u := auth.User{
		ID: strings.TrimPrefix(f.text("pk"), userPrefix), Email: f.text("email"),
		PasswordHash: f.text("passwordHash"), Status: auth.Status(f.text("status")), Role: f.text("role"),
		Locale: f.text("locale"), Activate: f.flag("activate"),
		PasswordEpoch: f.number("passwordEpoch"), Version: f.number("version"),
		CreatedAt: f.time("createdAt"), UpdatedAt: f.time("updatedAt"),
	}
	f.json("profile", &u.Profile)
	f.json("accounts", &u.Accounts)
	f.json("factors", &u.Factors)
	identifier := f.text("identifier")
	id, err := auth.ParseIdentifier(identifier)
	if err != nil || id.String() != identifier {
		f.fail("identifier", "is not canonical")
	}
	u.Identifier = id
	return u
}
