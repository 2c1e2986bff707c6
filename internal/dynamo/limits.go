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

// A person waits while these run out. The SDK's own limits are 30 s for a connection, none for a call, and
// pauses of up to 20 s between tries.
const (
	dialLimit = time.Second
	callLimit = 2 * time.Second // of one try
	tries     = 3
	minPause  = 25 * time.Millisecond
	maxPause  = 200 * time.Millisecond
)

// ForLogin returns the configuration with the limits of a sign-in, for any AWS service: 1 s to connect, 2 s for a
// try, 3 tries at most, 100 idle connections. Certificates and proxy of the SDK's own HTTP client stay as they are.
func ForLogin(cfg aws.Config) aws.Config {
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
	cfg.RetryMaxAttempts = tries
	cfg.Retryer = func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = tries
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return pause(), nil })
			o.Retryables = append(o.Retryables, retry.IsErrorRetryableFunc(unreadable))
		})
	}
	return cfg
}

// pause does not grow from try to try: with three of them it only has to spread what collided.
func pause() time.Duration { return minPause + rand.N(maxPause-minPause) }

// unreadable makes an answer that broke off, or that something in between gave, worth another try: the SDK tries again
// where there was no answer at all. Every write of ours may come twice.
func unreadable(err error) aws.Ternary {
	if _, ok := errors.AsType[*smithy.DeserializationError](err); ok {
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}

// again waits before every round but the first, for the part of a batch that DynamoDB left undone.
func again(ctx context.Context, round int) error {
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

var errUndone = errors.New("DynamoDB left a part of the batch undone, three times")
