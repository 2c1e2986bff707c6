package smoke

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"latchkey/internal/awscall"
)

const callLimit = 15 * time.Second

// caller makes the only two calls of this package.
type caller struct{ awscall.Caller }

// invoke calls one version of a function and returns its answer. An error of the function itself is an error here.
func (c caller) invoke(ctx context.Context, version string, event any) ([]byte, error) {
	parts := strings.Split(version, ":") // arn:aws:lambda:region:account:function:name:version
	if len(parts) != 8 {
		return nil, fmt.Errorf("%q is not the ARN of a function's version", version)
	}
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	return c.Invoke(ctx, parts[6], parts[7], event)
}

func (c caller) report(ctx context.Context, status any) error {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	_, _, err := c.Do(ctx, awscall.Call{
		Service: "codedeploy", Method: http.MethodPost, Path: "/",
		Target: "CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus", Document: status,
	})
	return err
}
