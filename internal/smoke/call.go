package smoke

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	signer "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

const (
	callLimit   = 15 * time.Second
	answerLimit = 1 << 20
)

// caller makes the only two calls of this package. The SDK's clients of both services would be two more dependencies.
type caller struct {
	cfg      aws.Config
	endpoint func(service string) string
}

// invoke calls one version of a function and returns its answer. An error of the function itself is an error here.
func (c caller) invoke(ctx context.Context, version string, event any) ([]byte, error) {
	parts := strings.Split(version, ":") // arn:aws:lambda:region:account:function:name:version
	if len(parts) != 8 {
		return nil, fmt.Errorf("%q is not the ARN of a function's version", version)
	}
	path := "/2015-03-31/functions/" + url.PathEscape(parts[6]) + "/invocations?Qualifier=" + url.QueryEscape(parts[7])
	header, answer, err := c.call(ctx, "lambda", path, "", event)
	if err == nil && header.Get("X-Amz-Function-Error") != "" {
		err = fmt.Errorf("the function failed: %.300s", answer)
	}
	return answer, err
}

func (c caller) report(ctx context.Context, status any) error {
	_, _, err := c.call(ctx, "codedeploy", "/", "CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus", status)
	return err
}

// call posts a signed JSON document and returns the answer of a call that succeeded.
func (c caller) call(ctx context.Context, service, path, target string, document any) (http.Header, []byte, error) {
	body, err := json.Marshal(document)
	if err != nil {
		return nil, nil, fmt.Errorf("encode the call: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base(service)+path, bytes.NewReader(body))
	if err != nil {
		return nil, nil, fmt.Errorf("make the call: %w", err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	if target != "" {
		r.Header.Set("X-Amz-Target", target)
	}
	credentials, err := c.cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("find credentials: %w", err)
	}
	sum := sha256.Sum256(body)
	if err := signer.NewSigner().SignHTTP(ctx, credentials, r, hex.EncodeToString(sum[:]), service, c.cfg.Region, time.Now()); err != nil {
		return nil, nil, fmt.Errorf("sign the call: %w", err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, nil, fmt.Errorf("call %s: %w", service, err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, answerLimit))
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %d: %.300s", service, res.StatusCode, answer)
	}
	return res.Header, answer, err
}

func (c caller) base(service string) string {
	if other := c.endpoint(service); other != "" {
		return other
	}
	suffix := "amazonaws.com"
	if strings.HasPrefix(c.cfg.Region, "cn-") {
		suffix += ".cn"
	}
	return "https://" + service + "." + c.cfg.Region + "." + suffix
}
