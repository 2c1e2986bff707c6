// Command account is the Lambda function behind second factors and passkeys: at sign-in, and a user's own.
package main

import (
	"context"
	"os"

	"latchkey/internal/app"
	"latchkey/internal/lambdahttp"
	"latchkey/internal/passkey"
)

func main() {
	handler, log, err := app.Account(context.Background(), passkey.New(), os.Getenv, os.Stdout)
	if err != nil {
		app.LogStartError(os.Stdout, "account", err)
		os.Exit(1)
	}
	app.Start(lambdahttp.Wrap(handler, lambdahttp.WithLogger(log)), os.Stdout)
}
