// Package profile finds the AWS credentials of a person at a keyboard: profiles, single sign-on, instance roles.
// It is separate from app so that the functions, whose credentials are in the environment, do not link it.
package profile

import (
	"context"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/logging"

	"latchkey/internal/app"
)

const connections = 64

// Config is the SDK's; commands pass it on without linking the SDK by name.
type Config = aws.Config

// Load returns the AWS configuration that the aws command line would use, or an error that says what to set.
func Load(ctx context.Context, notify ...func(what string)) (aws.Config, error) {
	// A call ends after 30 s with all its attempts; notify is told what a call waits for that takes more than 3 s.
	client := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConnsPerHost = connections // the SDK keeps 10, and an import would open new ones all the time
	})
	w := &waits{notify: notify}
	// The SDK logs only what it also returns as errors.
	c, err := config.LoadDefaultConfig(ctx, config.WithHTTPClient(client), config.WithLogger(logging.Nop{}), config.WithAPIOptions(w.options()))
	if err != nil {
		return aws.Config{}, fmt.Errorf("read the AWS configuration: %w", err)
	}
	if c.Region == "" {
		return aws.Config{}, fmt.Errorf("no AWS region is set: set AWS_REGION, or AWS_PROFILE to a profile that has one")
	}
	done := w.begin("AWS credentials")
	_, err = c.Credentials.Retrieve(ctx)
	done()
	if err != nil { // kept for the calls that follow
		return aws.Config{}, fmt.Errorf("find AWS credentials, without which 'aws sts get-caller-identity' fails too: %w", err)
	}
	return app.WithUserAgent(c), nil
}
