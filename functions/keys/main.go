// Command keys is the Lambda function behind the public keys and the discovery document.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"latchkey/internal/app"
	"latchkey/internal/lambdahttp"
)

func main() {
	handler, log, err := app.Keys(context.Background(), os.Getenv, os.Stdout)
	if err != nil {
		app.LogStartError(os.Stdout, "keys", err)
		os.Exit(1)
	}
	lambda.Start(lambdahttp.Wrap(handler, lambdahttp.WithLogger(log)))
}
