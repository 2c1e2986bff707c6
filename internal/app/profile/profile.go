// Package profile finds the AWS credentials of a person at a keyboard: profiles, single sign-on, instance roles.
// It is apart from app so that the functions, which have theirs in the environment, do not carry it.
package profile

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
)

// Load returns the AWS configuration that the aws command line would use, or an error that says what to set.
func Load(ctx context.Context) (aws.Config, error) {
	c, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return aws.Config{}, fmt.Errorf("read the AWS configuration: %w", err)
	}
	if c.Region == "" {
		return aws.Config{}, fmt.Errorf("no AWS region is set: set AWS_REGION, or AWS_PROFILE to a profile that has one")
	}
	if _, err := c.Credentials.Retrieve(ctx); err != nil { // kept for the calls that follow
		return aws.Config{}, fmt.Errorf("find AWS credentials, without which 'aws sts get-caller-identity' fails too: %w", err)
	}
	return c, nil
}
