package app_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"

	"latchkey/internal/auth"
)

// ledger notes the steps that a sign-in waits for, and the capacity that DynamoDB charges.
type ledger struct {
	mu            sync.Mutex
	rounds        [][]string // what ran together stands together
	running       int
	reads, writes float64 // capacity units
	meetings      []meeting
}

// meeting is a barrier at which the steps of a round wait for each other.
type meeting struct {
	steps int
	all   chan struct{} // closed when that number of steps has begun
}

// expect starts a new page, on which each step waits until its round is as large as in the wanted entry. Without that, two
// fast concurrent steps could look sequential.
func (l *ledger) expect(want string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rounds, l.meetings, l.reads, l.writes = nil, nil, 0, 0
	rounds, _, _ := strings.Cut(want, ":")
	for round := range strings.SplitSeq(rounds, ", ") {
		l.meetings = append(l.meetings, meeting{strings.Count(round, " + ") + 1, make(chan struct{})})
	}
}

func (l *ledger) begin(step string) {
	select {
	case <-l.enter(step):
	case <-time.After(5 * time.Second): // the others wait for this one, and the rounds will say so
	}
}

// enter notes the step and returns a channel that is closed when its round is complete.
func (l *ledger) enter(step string) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running == 0 {
		l.rounds = append(l.rounds, nil)
	}
	l.running++
	last := len(l.rounds) - 1
	l.rounds[last] = append(l.rounds[last], step)
	if last >= len(l.meetings) {
		l.meetings = append(l.meetings, meeting{1, make(chan struct{})})
	}
	if here := l.meetings[last]; len(l.rounds[last]) == here.steps {
		close(here.all)
	}
	return l.meetings[last].all
}

func (l *ledger) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running--
}

// String returns the rounds in their order, and the capacity of all.
func (l *ledger) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var rounds []string
	for _, steps := range l.rounds {
		slices.Sort(steps)
		rounds = append(rounds, strings.Join(steps, " + "))
	}
	return fmt.Sprintf("%s: %g RRU, %g WRU", strings.Join(rounds, ", "), l.reads, l.writes)
}

// meter makes every call ask for its capacity and enters it.
func (l *ledger) meter(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("meter", func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (middleware.InitializeOutput, middleware.Metadata, error) {
		const total = types.ReturnConsumedCapacityTotal
		keys := 0
		switch call := in.Parameters.(type) {
		case *dynamodb.GetItemInput:
			call.ReturnConsumedCapacity = total
		case *dynamodb.BatchGetItemInput:
			call.ReturnConsumedCapacity = total
			for _, table := range call.RequestItems {
				keys += len(table.Keys)
			}
		case *dynamodb.QueryInput:
			call.ReturnConsumedCapacity = total
		case *dynamodb.DeleteItemInput:
			call.ReturnConsumedCapacity = total
		case *dynamodb.BatchWriteItemInput:
			call.ReturnConsumedCapacity = total
		case *dynamodb.PutItemInput:
			call.ReturnConsumedCapacity = total
		case *dynamodb.UpdateItemInput:
			call.ReturnConsumedCapacity = total
		case *dynamodb.TransactWriteItemsInput:
			call.ReturnConsumedCapacity = total
		}
		out, metadata, err := next.HandleInitialize(ctx, in)
		if err == nil {
			l.charge(out.Result, keys)
		} else {
			l.chargeRefused(err)
		}
		return out, metadata, err
	}), middleware.Before)
}

// chargeRefused charges the write whose condition failed, which costs as much as one of the item (ConditionalCheckFailedException in the
// developer guide): here always less than 1 KB.
func (l *ledger) chargeRefused(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var refused *types.ConditionalCheckFailedException
	if errors.As(err, &refused) {
		l.writes++
	}
}

// charge corrects DynamoDB Local in one point: DynamoDB charges one unit for each key of a batch without an item (BatchGetItem
// in its API reference).
func (l *ledger) charge(result any, keys int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch answer := result.(type) {
	case *dynamodb.GetItemOutput:
		l.reads += *answer.ConsumedCapacity.CapacityUnits
	case *dynamodb.BatchGetItemOutput:
		for _, c := range answer.ConsumedCapacity {
			l.reads += *c.CapacityUnits
		}
		for _, found := range answer.Responses {
			keys -= len(found)
		}
		l.reads += float64(keys)
	case *dynamodb.QueryOutput:
		l.reads += *answer.ConsumedCapacity.CapacityUnits
	case *dynamodb.DeleteItemOutput:
		l.writes += *answer.ConsumedCapacity.CapacityUnits
	case *dynamodb.BatchWriteItemOutput:
		for _, c := range answer.ConsumedCapacity {
			l.writes += *c.CapacityUnits
		}
	case *dynamodb.TransactWriteItemsOutput:
		for _, c := range answer.ConsumedCapacity {
			l.writes += *c.CapacityUnits
		}
	case *dynamodb.PutItemOutput:
		l.writes += *answer.ConsumedCapacity.CapacityUnits
	case *dynamodb.UpdateItemOutput:
		l.writes += *answer.ConsumedCapacity.CapacityUnits
	}
}

// meteredClient enters every HTTP request, so retries too.
type meteredClient struct {
	aws.HTTPClient
	spent *ledger
}

func (c meteredClient) Do(r *http.Request) (*http.Response, error) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	c.spent.begin(operation)
	defer c.spent.end()
	return c.HTTPClient.Do(r)
}

type meteredHash struct {
	auth.Passwords
	spent *ledger
}

func (p meteredHash) Verify(ctx context.Context, stored, password string) (match, outdated bool, err error) {
	p.spent.begin("hash")
	defer p.spent.end()
	return p.Passwords.Verify(ctx, stored, password)
}
