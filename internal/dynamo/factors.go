package dynamo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"latchkey/internal/auth"
)

// The attributes of a user's factor state. Those of a factor's last use carry its id, so that a condition can name them.
const (
	stepPrefix  = "step#"
	usedPrefix  = "usedAt#"
	countPrefix = "signCount#"
)

// SetFactors reads user and state first, to know which handle and uses have to go, and writes all of it in one transaction.
func (s *Store) SetFactors(ctx context.Context, userID string, version int64, f auth.Factors, recovery []string) error {
	const action = "set the factors"
	k, ok := userKey(userID)
	if !ok || !storable(cmp.Or(f.Handle, "none"), maxHandle) {
		return auth.ErrNotFound
	}
	values := item{":version": number(version), ":one": number(1)}
	if err := values.setJSON(":factors", f); err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	u, stored, err := s.userAndState(ctx, action, userID)
	if err != nil {
		return err
	}
	if u.Version != version {
		return auth.ErrConflict
	}
	writes := []types.TransactWriteItem{{Update: &types.Update{
		TableName: &s.table, Key: k.item(), UpdateExpression: aws.String("SET factors = :factors ADD version :one"),
		ConditionExpression: aws.String("version = :version"), ExpressionAttributeValues: values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}}}
	if change := s.changeState(userID, stored, f, recovery); change != nil {
		writes = append(writes, types.TransactWriteItem{Update: change})
	}
	return s.commit(ctx, action, append(writes, s.moveHandle(userID, u.Factors.Handle, f.Handle)...)...)
}

func (s *Store) userAndState(ctx context.Context, action, userID string) (u auth.User, state item, err error) {
	k, ok := userKey(userID)
	if !ok {
		return auth.User{}, nil, auth.ErrNotFound
	}
	found, err := s.getAll(ctx, action, []key{k, factorsKey(userID)})
	if err != nil {
		return auth.User{}, nil, err
	}
	for _, it := range found {
		if f := (fields{item: it}); f.text("sk") == factorsSort {
			state = it
		} else if u, err = decode(action, it, userFrom); err != nil {
			return auth.User{}, nil, err
		}
	}
	if u.ID == "" {
		return auth.User{}, nil, auth.ErrNotFound
	}
	return u, state, nil
}

// moveHandle returns the writes that let the user be found by the handle to, and no longer by from; either may be empty.
func (s *Store) moveHandle(userID, from, to string) (writes []types.TransactWriteItem) {
	if from == to {
		return nil
	}
	if to != "" {
		writes = append(writes, s.putNew(handlePointer(userID, to)))
	}
	if from != "" {
		writes = append(writes, types.TransactWriteItem{Delete: &types.Delete{TableName: &s.table, Key: handleKey(from).item()}})
	}
	return writes
}

// handlePointer is the item that maps the handle of the user's passkeys to the user.
func handlePointer(userID, handle string) item {
	it := handleKey(handle).item()
	it.setText("userId", userID)
	return it
}

// changeState returns the write that replaces the recovery codes and forgets uses of factors that are gone, or nil.
func (s *Store) changeState(userID string, stored item, f auth.Factors, recovery []string) *types.Update {
	var set, remove []string
	names, values := map[string]string{}, item{}
	for name := range stored {
		if prefix, id, found := strings.Cut(name, "#"); found && !hasFactor(f, id) {
			alias := fmt.Sprintf("#%s%d", prefix, len(names))
			names[alias] = name
			remove = append(remove, alias)
		}
	}
	switch {
	case len(recovery) > 0:
		set = []string{"recovery = :recovery"}
		values[":recovery"] = &types.AttributeValueMemberSS{Value: recovery}
	case recovery != nil:
		remove = append(remove, "recovery")
	}
	if len(set)+len(remove) == 0 {
		return nil
	}
	update := &types.Update{TableName: &s.table, Key: factorsKey(userID).item(), UpdateExpression: aws.String(expression(set, remove))}
	if len(names) > 0 {
		update.ExpressionAttributeNames = names
	}
	if len(values) > 0 {
		update.ExpressionAttributeValues = values
	}
	return update
}

func expression(set, remove []string) string {
	var parts []string
	if len(set) > 0 {
		parts = append(parts, "SET "+strings.Join(set, ", "))
	}
	if len(remove) > 0 {
		parts = append(parts, "REMOVE "+strings.Join(remove, ", "))
	}
	return strings.Join(parts, " ")
}

func hasFactor(f auth.Factors, id string) bool {
	return slices.ContainsFunc(f.TOTP, func(t auth.TOTP) bool { return t.ID == id }) ||
		slices.ContainsFunc(f.Passkeys, func(p auth.Passkey) bool { return p.ID == id })
}

// FactorState reads one item: 1 RRU.
func (s *Store) FactorState(ctx context.Context, userID string) (auth.FactorState, error) {
	const action = "read the factors' state"
	it, err := s.get(ctx, action, factorsKey(userID))
	if err != nil || it == nil {
		return auth.FactorState{}, err
	}
	return decode(action, it, factorStateFrom)
}

// ClearWrongCodes is one write. A user without a state gets none.
func (s *Store) ClearWrongCodes(ctx context.Context, userID string) error {
	input := &dynamodb.UpdateItemInput{
		TableName: &s.table, Key: factorsKey(userID).item(),
		UpdateExpression: aws.String("REMOVE wrong, blockedUntil"), ConditionExpression: aws.String("attribute_exists(pk)"),
	}
	_, err := s.client.UpdateItem(ctx, input)
	if isRefused(err) {
		return nil
	}
	return confirmed("clear the wrong codes", err, nil)
}

// SpendNonce is one conditional write. The writeId tells a second try of the same write, after a lost answer, from another use.
func (s *Store) SpendNonce(ctx context.Context, nonce string, until time.Time) error {
	k, id := key{"NONCE#" + nonce, "NONCE"}, text(auth.NewID())
	it := k.item()
	it["writeId"] = id
	it.setNumber("ttl", until.Unix())
	_, err := s.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &s.table, Item: it, ConditionExpression: aws.String("attribute_not_exists(pk) OR writeId = :id"),
		ExpressionAttributeValues: item{":id": id},
	})
	return confirmed("use the nonce up", err, auth.ErrConflict)
}

// UseStep is one conditional write: its condition knows the used step and the block. The useId tells a second try of the same
// use, after a lost answer, from another use of the code.
func (s *Store) UseStep(ctx context.Context, userID, factorID string, step int64, at time.Time) (auth.CodeCount, error) {
	id := text(auth.NewID())
	values := item{":step": number(step), ":now": number(at.UnixMilli()), ":id": id}
	values.setTime(":at", at)
	_, err := s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &s.table, Key: factorsKey(userID).item(),
		UpdateExpression: aws.String("SET #step = :step, #used = :at, useId = :id REMOVE wrong, blockedUntil"),
		ConditionExpression: aws.String("useId = :id OR ((attribute_not_exists(#step) OR #step < :step) AND " +
			"(attribute_not_exists(blockedUntil) OR blockedUntil <= :now))"),
		ExpressionAttributeNames:            map[string]string{"#step": stepPrefix + factorID, "#used": usedPrefix + factorID},
		ExpressionAttributeValues:           values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	return s.counted("use the code", err)
}

// UseRecovery is one conditional write; a second try of it, after a lost answer, finds its useId.
func (s *Store) UseRecovery(ctx context.Context, userID, mac string) error {
	id := text(auth.NewID())
	_, err := s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &s.table, Key: factorsKey(userID).item(),
		UpdateExpression:    aws.String("SET useId = :id REMOVE wrong, blockedUntil DELETE recovery :codes"),
		ConditionExpression: aws.String("contains(recovery, :code) OR useId = :id"),
		ExpressionAttributeValues: item{
			":id": id, ":code": text(mac), ":codes": &types.AttributeValueMemberSS{Value: []string{mac}},
		},
	})
	return confirmed("use the recovery code", err, auth.ErrConflict)
}

// UsePasskey is one write, which returns what it replaced.
func (s *Store) UsePasskey(ctx context.Context, userID, factorID string, signCount uint32, at time.Time) (before uint32, err error) {
	const action = "use the passkey"
	values := item{":count": number(int64(signCount))}
	values.setTime(":at", at)
	out, err := s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &s.table, Key: factorsKey(userID).item(),
		UpdateExpression:          aws.String("SET #count = :count, #used = :at REMOVE wrong, blockedUntil"),
		ExpressionAttributeNames:  map[string]string{"#count": countPrefix + factorID, "#used": usedPrefix + factorID},
		ExpressionAttributeValues: values,
		ReturnValues:              types.ReturnValueUpdatedOld,
	})
	if err != nil {
		return 0, confirmed(action, err, nil)
	}
	return decode(action, out.Attributes, func(f *fields) uint32 { return uint32(f.number(countPrefix + factorID)) })
}

// CountWrongCode is one conditional write. One whose answer is lost, and which the SDK sends again, finds the next count and reports
// a conflict: the caller then counts twice, which errs on the side of fewer guesses.
func (s *Store) CountWrongCode(ctx context.Context, userID string, seen, next auth.CodeCount) (auth.CodeCount, error) {
	condition, values := "attribute_not_exists(wrong)", item{":next": number(next.Wrong)}
	if seen.Wrong > 0 {
		condition = "wrong = :seen"
		values.setNumber(":seen", seen.Wrong)
	}
	update := "SET wrong = :next REMOVE blockedUntil"
	if !next.BlockedUntil.IsZero() {
		update = "SET wrong = :next, blockedUntil = :until"
		values.setNumber(":until", next.BlockedUntil.UnixMilli())
	}
	_, err := s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &s.table, Key: factorsKey(userID).item(), UpdateExpression: &update, ConditionExpression: &condition,
		ExpressionAttributeValues:           values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	return s.counted("count the wrong code", err)
}

// counted returns how a conditional write ended, and the stored count if the condition failed.
func (s *Store) counted(action string, err error) (auth.CodeCount, error) {
	var failed *types.ConditionalCheckFailedException
	if !errors.As(err, &failed) {
		return auth.CodeCount{}, confirmed(action, err, nil)
	}
	state, err := decode(action, failed.Item, factorStateFrom)
	if err != nil {
		return auth.CodeCount{}, err
	}
	return state.Codes, auth.ErrConflict
}

func factorStateFrom(f *fields) auth.FactorState {
	state := auth.FactorState{Codes: auth.CodeCount{Wrong: f.number("wrong")}, Uses: map[string]auth.FactorUse{}}
	if until := f.number("blockedUntil"); until != 0 {
		state.Codes.BlockedUntil = time.UnixMilli(until).UTC()
	}
	if codes, ok := attribute[*types.AttributeValueMemberSS](f, "recovery"); ok {
		state.Recovery = codes.Value
	}
	for name := range f.item {
		_, id, found := strings.Cut(name, "#")
		if !found {
			continue
		}
		state.Uses[id] = auth.FactorUse{
			At: f.time(usedPrefix + id), Step: f.number(stepPrefix + id), SignCount: uint32(f.number(countPrefix + id)),
		}
	}
	return state
}
