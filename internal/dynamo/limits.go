package dynamo

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

// The limits of a sign-in, which a person waits for. The SDK's own are 30 s for a connection, no limit for a call, and
// pauses of up to 20 s between attempts.
const (
	dialLimit = time.Second
	callLimit = 2 * time.Second // of one attempt
	attempts  = 3
	minPause  = 25 * time.Millisecond
	maxPause  = 200 * time.Millisecond
)

// ForLogin returns the configuration with the limits of a sign-in: 1 s to connect, 2 s an attempt, at most 3 attempts,
// 100 idle connections.
func ForLogin(cfg aws.Config) aws.Config {
	// It is for any AWS service. Certificates and proxy of the SDK's own HTTP client stay as they are.
	client, ok := cfg.HTTPClient.(*awshttp.BuildableClient)
	if !ok {
		client = awshttp.NewBuildableClient()
	}
	cfg.HTTPClient = client.WithTimeout(callLimit).
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = dialLimit }).
		WithTransportOptions(func(t *http.Transport) {
			t.TLSHandshakeTimeout = dialLimit
			t.MaxIdleConnsPerHost = 100
		})
	cfg.RetryMaxAttempts = attempts
	cfg.Retryer = func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = attempts
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return pause(), nil })
			o.Retryables = append(o.Retryables, retry.IsErrorRetryableFunc(unreadable))
		})
	}
	return cfg
}

// pause is random and does not grow: with three attempts it only has to separate calls that collided.
func pause() time.Duration { return minPause + rand.N(maxPause-minPause) }

// unreadable makes the SDK retry after an answer that broke off or that a middlebox gave; by itself it retries only when
// there was no answer. All our writes may be sent twice.
func unreadable(err error) aws.Ternary {
	if _, ok := errors.AsType[*smithy.DeserializationError](err); ok {
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}

// pauseBeforeRetry waits before every round except the first, for the items of a batch that DynamoDB did not process.
func pauseBeforeRetry(ctx context.Context, round int) error {
	if round == 0 {
		return nil
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(pause()):
		return nil
	}
}

var (
	errUnprocessed = errors.New("DynamoDB did not process a part of the batch, three times")
	errAnswer      = errors.New("an answer that is not DynamoDB's")
)
