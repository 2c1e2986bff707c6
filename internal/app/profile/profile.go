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

// Load returns the AWS configuration that the aws command line would use, or an error that says what to set.
func Load(ctx context.Context) (aws.Config, error) {
	client := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConnsPerHost = connections // the SDK keeps 10, and an import would open new ones all the time
	})
	// The SDK logs only what it also returns as errors.
	c, err := config.LoadDefaultConfig(ctx, config.WithHTTPClient(client), config.WithLogger(logging.Nop{}))
	if err != nil {
		return aws.Config{}, fmt.Errorf("read the AWS configuration: %w", err)
	}
	if c.Region == "" {
		return aws.Config{}, fmt.Errorf("no AWS region is set: set AWS_REGION, or AWS_PROFILE to a profile that has one")
	}
	if _, err := c.Credentials.Retrieve(ctx); err != nil { // kept for the calls that follow
		return aws.Config{}, fmt.Errorf("find AWS credentials, without which 'aws sts get-caller-identity' fails too: %w", err)
	}
	return app.WithUserAgent(c), nil
}
