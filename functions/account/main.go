// Command account is the Lambda function behind second factors: at sign-in, and of one's own.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"latchkey/internal/app"
	"latchkey/internal/lambdahttp"
)

func main() {
	handler, log, err := app.Account(context.Background(), os.Getenv, os.Stdout)
	if err != nil {
		app.LogStartError(os.Stdout, "account", err)
		os.Exit(1)
	}
	lambda.Start(lambdahttp.Wrap(handler, lambdahttp.WithLogger(log)))
}
