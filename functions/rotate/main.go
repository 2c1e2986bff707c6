// Command rotate is the Lambda function by which Secrets Manager rotates the signing keys.
package main

import (
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"latchkey/internal/app"
)

func main() {
	rotator, err := app.Rotate(os.Getenv, os.Stdout)
	if err != nil {
		slog.Error("the rotate function cannot start", "error", err)
		os.Exit(1)
	}
	lambda.Start(rotator)
}
