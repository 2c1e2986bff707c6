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

// commit writes all or nothing. A condition that failed is ErrConflict, or ErrNotFound where it asked for an item
// that is not there. Transactions cost twice the write units, which changes by hand are rare enough to pay.
func (s *Store) commit(ctx context.Context, attempted string, writes ...types.TransactWriteItem) error {
	_, err := s.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes})
	if err == nil {
		return nil
	}
	for _, reason := range cancellations(err) {
		if !failsAgain(reason) {
			continue
		}
		if reason.Item == nil {
			return auth.ErrNotFound
		}
		return auth.ErrConflict
	}
	return unavailable(attempted, err)
}

// putNew puts an item whose key must be free.
func (s *Store) putNew(it item) types.TransactWriteItem {
	return types.TransactWriteItem{Put: &types.Put{
		TableName: &s.table, Item: it,
		ConditionExpression:                 aws.String("attribute_not_exists(pk)"),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}}
}

// transactionRetryer adds to the SDK's retries what they leave out: a transaction that met another one, and one
// of which a part was throttled. All tries of a call carry one ClientRequestToken, which the SDK makes, so that
// a try whose answer was lost is not taken for a conflict with itself.
type transactionRetryer struct{ aws.RetryerV2 }

func withTransactions(r aws.Retryer) aws.Retryer {
	// A single write that meets a transaction has an error of its own.
	return transactionRetryer{retry.AddWithErrorCodes(r, "TransactionConflictException").(aws.RetryerV2)}
}

// IsErrorRetryable reports whether another try can end otherwise; a condition that failed will fail again.
func (r transactionRetryer) IsErrorRetryable(err error) bool {
	reasons := cancellations(err)
	if slices.ContainsFunc(reasons, failsAgain) {
		return false
	}
	return slices.ContainsFunc(reasons, passes) || r.RetryerV2.IsErrorRetryable(err)
}

func failsAgain(reason types.CancellationReason) bool {
	return aws.ToString(reason.Code) == "ConditionalCheckFailed"
}

// passes reports whether what canceled a write is over soon: another transaction, or a lack of capacity.
func passes(reason types.CancellationReason) bool {
	switch aws.ToString(reason.Code) {
	case "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded":
		return true
	}
	return false
}

// cancellations returns why a transaction was canceled, write by write, and nothing for other errors.
func cancellations(err error) []types.CancellationReason {
	var canceled *types.TransactionCanceledException
	if !errors.As(err, &canceled) {
		return nil
	}
	return canceled.CancellationReasons
}
