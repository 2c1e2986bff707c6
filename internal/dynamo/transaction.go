package dynamo

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"latchkey/internal/auth"
)

// commit writes all or nothing. A failed condition is ErrConflict, or ErrNotFound if its item does not exist. Transactions
// cost twice the write units; operators' changes are rare enough for that.
func (s *Store) commit(ctx context.Context, action string, writes ...types.TransactWriteItem) error {
	_, err := s.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes})
	if err == nil {
		return nil
	}
	for _, reason := range cancellations(err) {
		if !isConditionFailure(reason) {
			continue
		}
		if reason.Item == nil {
			return auth.ErrNotFound
		}
		return auth.ErrConflict
	}
	return unavailable(action, err)
}

// putNew puts an item under a key that must not exist yet.
func (s *Store) putNew(it item) types.TransactWriteItem {
	return types.TransactWriteItem{Put: &types.Put{
		TableName: &s.table, Item: it,
		ConditionExpression:                 aws.String("attribute_not_exists(pk)"),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}}
}

// transactionRetryer also retries transactions that conflicted with another one or were partly throttled; the SDK does not.
// All attempts of a call carry one ClientRequestToken, which the SDK generates, so that an attempt whose answer was lost
// does not conflict with itself.
type transactionRetryer struct{ aws.RetryerV2 }

func withTransactions(r aws.Retryer) aws.Retryer {
	// The error of a single write that conflicts with a transaction.
	return transactionRetryer{retry.AddWithErrorCodes(r, "TransactionConflictException").(aws.RetryerV2)}
}

// IsErrorRetryable reports whether another attempt may succeed; a condition that failed will fail again.
func (r transactionRetryer) IsErrorRetryable(err error) bool {
	reasons := cancellations(err)
	if slices.ContainsFunc(reasons, isConditionFailure) {
		return false
	}
	return slices.ContainsFunc(reasons, isTransient) || r.RetryerV2.IsErrorRetryable(err)
}

func isConditionFailure(reason types.CancellationReason) bool {
	return aws.ToString(reason.Code) == "ConditionalCheckFailed"
}

// isTransient reports whether the reason for a canceled write passes soon: another transaction, or a lack of capacity.
func isTransient(reason types.CancellationReason) bool {
	switch aws.ToString(reason.Code) {
	case "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded":
		return true
	}
	return false
}

// cancellations returns why a transaction was canceled, write by write, and nil for other errors.
func cancellations(err error) []types.CancellationReason {
	var canceled *types.TransactionCanceledException
	if !errors.As(err, &canceled) {
		return nil
	}
	return canceled.CancellationReasons
}
