// Package awscall makes the few calls to AWS for which a service's client in the SDK would be one more dependency.
package awscall

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

const answerLimit = 1 << 20

// Caller signs calls with the configuration's credentials. Endpoint returns another base URL for a service such as lambda, or
// "" for AWS's own.
type Caller struct {
	AWS      aws.Config
	Endpoint func(service string) string
}

// Call is one request to a service. Target is the operation, for services that take it from a header; Form has it for those of
// the Query protocol, which answer in XML. Service is the name in signatures.
type Call struct {
	Service, Method, Path, Target string
	Document                      any        // sent as JSON; nil: no body
	Form                          url.Values // sent instead of a document
}

// Invoke calls a Lambda function, at a version or alias unless the qualifier is empty, and returns its answer. An error of the
// function itself is an error here.
func (c Caller) Invoke(ctx context.Context, function, qualifier string, event any) ([]byte, error) {
	path := FunctionPath(function) + "/invocations"
	if qualifier != "" {
		path += "?Qualifier=" + url.QueryEscape(qualifier)
	}
	header, answer, err := c.Do(ctx, Call{Service: "lambda", Method: http.MethodPost, Path: path, Document: event})
	if err == nil && header.Get("X-Amz-Function-Error") != "" {
		err = fmt.Errorf("the function failed: %.300s", answer)
	}
	return answer, err
}

// FunctionPath returns the path of a function in Lambda's API.
func FunctionPath(function string) string {
	return "/2015-03-31/functions/" + url.PathEscape(function)
}

// Do makes a call and returns the answer if it succeeded with 200. The caller bounds its time by ctx.
func (c Caller) Do(ctx context.Context, call Call) (http.Header, []byte, error) {
	body, err := call.body()
	if err != nil {
		return nil, nil, err
	}
	r, err := http.NewRequestWithContext(ctx, call.Method, c.base(call.Service)+call.Path, bytes.NewReader(body))
	if err != nil {
		return nil, nil, fmt.Errorf("make the call: %w", err)
	}
	r.Header.Set("Content-Type", call.contentType())
	if call.Target != "" {
		r.Header.Set("X-Amz-Target", call.Target)
	}
	credentials, err := c.AWS.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("find credentials: %w", err)
	}
	sum := sha256.Sum256(body)
	if err := signer.NewSigner().SignHTTP(ctx, credentials, r, hex.EncodeToString(sum[:]), call.Service, c.AWS.Region, time.Now()); err != nil {
		return nil, nil, fmt.Errorf("sign the call: %w", err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, nil, fmt.Errorf("call %s: %w", call.Service, err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, answerLimit))
	if err == nil && res.StatusCode != http.StatusOK {
		err = StatusError{call.Service, res.StatusCode, answer}
	}
	return res.Header, answer, err
}

// StatusError is an answer other than 200. Its text begins with what the service says about it.
type StatusError struct {
	Service string
	Status  int
	Answer  []byte
}

// Error returns the service, the status, and the beginning of the answer, which may name the caller and the resource.
func (e StatusError) Error() string {
	return fmt.Sprintf("%s answers %d: %.300s", e.Service, e.Status, e.Answer)
}

func (c Call) contentType() string {
	switch {
	case c.Form != nil:
		return "application/x-www-form-urlencoded"
	case c.Service == "dynamodb" || c.Service == "sqs":
		return "application/x-amz-json-1.0"
	case c.Service == "ses":
		return "application/json"
	}
	return "application/x-amz-json-1.1"
}

func (c Call) body() ([]byte, error) {
	if c.Form != nil {
		return []byte(c.Form.Encode()), nil
	}
	if c.Document == nil {
		return nil, nil
	}
	body, err := json.Marshal(c.Document)
	if err != nil {
		return nil, fmt.Errorf("encode the call: %w", err)
	}
	return body, nil
}

func (c Caller) base(service string) string {
	if other := c.Endpoint(service); other != "" {
		return other
	}
	suffix := "amazonaws.com"
	if strings.HasPrefix(c.AWS.Region, "cn-") {
		suffix += ".cn"
	}
	if service == "ses" {
		service = "email"
	}
	return "https://" + service + "." + c.AWS.Region + "." + suffix
}
