// Command rotate is the Lambda function by which Secrets Manager rotates the signing keys.
package main

import (
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"latchkey/internal/app"
)

func main() {
	rotator, err := app.Rotate(os.Getenv, os.Stdout)
	if err != nil {
		app.LogStartError(os.Stdout, "rotate", err)
		os.Exit(1)
	}
	lambda.Start(rotator)
}
